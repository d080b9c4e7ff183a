// @ts-check
/**
 * Small parts that the panels of the card share.
 *
 * @import {Draft, Growth} from "./types"
 * @import {Card} from "./card.js"
 */

import { h } from "./dom.js";

/** @param {string} icon */
export const icon = (icon) => h("ha-icon", { icon });

/**
 * Without `onclick` it submits its form. While the card is busy it keeps the focus and does nothing.
 * @param {Card} card @param {string} label @param {() => unknown} [onclick] @param {string} [kind]
 */
export const button = (card, label, onclick, kind = onclick ? "" : ".main") =>
  h(`button${kind}`, { type: onclick ? "button" : "submit", onclick, "aria-disabled": card.busy }, card.text(label));

/** @param {string} name @param {string | null | undefined} picture */
export function avatar(name, picture) {
  if (picture) return h("img.avatar", { src: picture, alt: "" });
  return h("span.avatar", { "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "");
}

/** What begins a panel; the focus goes there when what had it is gone. @param {Growth} text */
export const title = (text) => h("h3", { tabindex: -1, "data-focus": "panel" }, text);

/** @param {Card} card */
export const trouble = (card) => card.error && h("p.note.error", { role: "alert" }, card.error);

/** @param {Card} card */
export const away = (card) => !card.reader.online && h("p.note", { key: "away" }, card.text("offline_help"));

/**
 * A text in the room that the longest of several texts needs, so that nothing moves when it changes.
 * @param {string} what @param {string[]} texts @param {Growth[]} children
 */
export function inRoomOf(what, texts, ...children) {
  const longest = texts.reduce((one, other) => (other.length > one.length ? other : one), "");
  return h(`${what}.room`, { "data-longest": longest }, h("span", children));
}

/**
 * @param {Card} card @param {string} key @param {() => unknown} act @param {Growth} actions
 * @param {Growth[]} children
 */
export function form(card, key, act, actions, ...children) {
  const onsubmit = (/** @type {Event} */ event) => {
    event.preventDefault();
    act();
  };
  return h("form.panel", { key, onsubmit }, children, trouble(card), h("div.actions", actions));
}

/**
 * One of several to choose from, a finger also to be taken back; the input is not to be seen, what
 * stands beside it is.
 * @param {Card} card @param {string} kind @param {Partial<Draft>} chosen what it changes of the draft
 * @param {string | null} label for a screen reader, where no text stands beside it
 * @param {Growth[]} children
 */
export function choice(card, kind, chosen, label, ...children) {
  const [[name, value] = [""]] = Object.entries(chosen);
  const checked = card.draft[/** @type {keyof Draft} */ (name)] === value;
  const onchange = () => card.change(chosen);
  const onclick = () => void (checked && name === "finger" && card.change({ finger: "" }));
  const required = name === "person";
  const props = { type: "radio", name, value, checked, onchange, onclick, required, "aria-label": label };
  const state = checked ? ".chosen" : "";
  return h(`label${kind}${state}`, { key: value, title: label }, h("input", props), children);
}
