import { SaxesParser } from "saxes";

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text and CDATA, joined. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

export type Parsed = { readonly root: XmlElement } | { readonly mistake: string; readonly line: number };

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
  text: string;
}

/** Reads one XML document; the first mistake ends it. */
export function parseXml(text: string): Parsed {
  const parser = new SaxesParser();
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes: { ...attributes }, children: [], text: "", line: parser.line };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const addText = (part: string) => {
    const element = open.at(-1);
    if (element !== undefined) {
      element.text += part;
    }
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    open.pop();
  });
  parser.on("error", (error) => {
    throw error;
  });
  try {
    parser.write(text).close();
  } catch (error) {
    return { mistake: error instanceof Error ? error.message : String(error), line: parser.line };
  }
  return root === undefined ? { mistake: "no element", line: 1 } : { root };
}

/** The element and all below it, in document order. */
export function everyElement(element: XmlElement): readonly XmlElement[] {
  return [element, ...element.children.flatMap(everyElement)];
}
