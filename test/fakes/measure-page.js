// Run inside a page; its value is what `measure` in browser.ts returns.
(() => {
  const rgba = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);

  function luminance(colour) {
    const [red, green, blue] = rgba(colour)
      .map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function backgroundOf(element) {
    const colour = element === null ? "rgb(255, 255, 255)" : getComputedStyle(element).backgroundColor;
    return element !== null && rgba(colour)[3] === 0 ? backgroundOf(element.parentElement) : colour;
  }

  function contrast(element) {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  const texts = [...document.querySelectorAll(".pc *")].filter(
    (element) => hasText(element) && element.checkVisibility() && !element.matches(":disabled, option"),
  );
  const page = document.documentElement;
  return {
    texts: texts.length,
    faint: texts
      .filter((element) => contrast(element) < 4.5)
      .map((element) => `${contrast(element).toFixed(1)}: ${element.textContent}`),
    overflow: page.scrollWidth - page.clientWidth,
    nameless: [...document.querySelectorAll("input, select, textarea")]
      .filter((control) => control.labels.length === 0)
      .map((control) => control.id),
  };
})();
