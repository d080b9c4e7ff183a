// @ts-check
/**
 * A tree of plain objects, and how the DOM becomes like it.
 *
 * @import {Child, Growth, Tree} from "./types"
 */

const SVG = "http://www.w3.org/2000/svg";
/** Set as properties: the attribute of the same name is only what they begin with. */
const PROPERTIES = ["value", "checked", "icon"];
/** @type {WeakMap<Node, Tree>} */
const shown = new WeakMap();

/**
 * Describe an element: tag and classes as in `p.note`, then its properties (if there are any), then
 * its children. `key` among the properties tells it from its siblings of the same tag.
 * @param {string} what @param {(Record<string, any> | Growth)[]} rest @returns {Tree}
 */
export function h(what, ...rest) {
  const [tag = "", ...classes] = what.split(".");
  /** @type {any[]} */
  const [first, ...others] = rest;
  const plain = first?.constructor === Object && !first.children;
  const props = plain ? { ...first } : {};
  if (classes.length) props.class = classes.join(" ");
  return { tag, props, children: [!plain && first, ...others].flat(9).filter(Boolean) };
}

/**
 * Make the children of a node what they are to be, and keep those that fit: with them stays what is
 * typed, focused or just being animated.
 * @param {Node} parent @param {Child[]} wanted
 */
export function patch(parent, wanted) {
  const left = [...parent.childNodes];
  const nodes = wanted.map((child) => {
    const at = left.findIndex((node) => fits(node, child));
    return left.splice(at, at < 0 ? 0 : 1)[0] ?? create(parent, child);
  });
  for (const node of left) node.remove();
  wanted.forEach((child, at) => {
    const node = /** @type {ChildNode} */ (nodes[at]);
    const there = parent.childNodes[at];
    if (there !== node) parent.insertBefore(node, there ?? null);
    if (typeof child === "string") {
      if (node.nodeValue !== child) node.nodeValue = child;
    } else {
      patch(node, child.children);
      dress(node, child);
    }
  });
}

/** @param {Node} node @param {Child} child */
function fits(node, child) {
  const was = shown.get(node);
  return typeof child === "string" ? !was : was?.tag === child.tag && was.props.key === child.props.key;
}

/** @param {Node} parent @param {Child} child @returns {ChildNode} */
function create(parent, child) {
  if (typeof child === "string") return document.createTextNode(child);
  const inSvg = child.tag === "svg" || parent instanceof SVGElement;
  return inSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
}

/** @param {any} element @param {Tree} tree */
function dress(element, tree) {
  const before = shown.get(element)?.props ?? {};
  for (const name of Object.keys({ ...before, ...tree.props })) {
    const value = tree.props[name] ?? false;
    if (name.startsWith("on") || PROPERTIES.includes(name)) {
      if (element[name] !== value) element[name] = value;
    } else if (value === false) {
      element.removeAttribute(name);
    } else if (value !== before[name]) {
      element.setAttribute(name, value);
    }
  }
  shown.set(element, tree);
}
