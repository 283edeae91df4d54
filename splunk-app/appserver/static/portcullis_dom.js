/** Builds pages from text nodes only: whatever an alert, a provider or Splunk says is shown, never interpreted. */
define(() => {
  /**
   * An element. `attributes`: a function is a listener (`onclick`), true is an empty attribute, false and null are left out.
   * `children`: nodes, texts, null, or lists of them.
   */
  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (typeof value === "function") {
        made.addEventListener(key.slice(2), value);
      } else if (value !== false && value !== null && value !== undefined) {
        made.setAttribute(key, value === true ? "" : String(value));
      }
    }
    made.append(...nodesOf(children));
    return made;
  }

  /** Shows these children, and nothing else, in `parent`. */
  function fill(parent, ...children) {
    parent.replaceChildren(...nodesOf(children));
  }

  function nodesOf(children) {
    return children.flat(Infinity).filter((child) => child !== null && child !== undefined);
  }

  /** A message. `kind`: good, bad, note. Bad ones are announced at once. */
  function message(kind, title, ...details) {
    const lines = details
      .filter((line) => line !== "" && line !== undefined)
      .map((line) => element("p", {}, line));
    const attributes = { class: `pc-message pc-${kind}`, role: kind === "bad" ? "alert" : "status" };
    return element("div", attributes, element("p", { class: "pc-message-title" }, title), lines);
  }

  /** A labelled control. `help` is read out with it. */
  function field(control, label, help) {
    const helpId = `${control.id}-help`;
    if (help !== null) {
      control.setAttribute("aria-describedby", helpId);
    }
    return element(
      "div",
      { class: "pc-field" },
      element("label", { for: control.id }, label),
      control,
      help === null ? null : element("p", { class: "pc-help", id: helpId }, help),
    );
  }

  /** Tells the style sheet whether the page around is dark: by the colour of its text, because versions of Splunk mark it differently. */
  function adoptTheme(root) {
    const numbers = getComputedStyle(root.parentElement || root).color.match(/[\d.]+/g) || ["0", "0", "0"];
    const light = 0.299 * Number(numbers[0]) + 0.587 * Number(numbers[1]) + 0.114 * Number(numbers[2]);
    root.classList.add("pc");
    root.classList.toggle("pc-dark", light > 140);
  }

  return { element, fill, message, field, adoptTheme };
});
