// @ts-check
/**
 * What the card shows of a reader at rest: who was identified, who touches it, and who is enrolled.
 *
 * @import {Fingerprint, Growth, Listing, State, Tree, Unnamed} from "./types"
 * @import {Card} from "./card.js"
 */

import { h } from "./dom.js";
import { avatar, away, icon, trouble } from "./parts.js";

/** @param {Card} card */
export function overview(card) {
  const { reader, listing, liveTouch: touch } = card;
  const enroll = { type: "button", "data-focus": "enroll", onclick: () => card.go({ kind: "enroll" }) };
  const mayEnroll = card.mayEnroll && reader.online && reader.enrollment;
  return h(
    "div.panel",
    { key: "overview" },
    touch ? liveTouch(card, touch) : lastIdentified(card),
    mayEnroll && h("button.main", enroll, icon("mdi:fingerprint"), card.text("enroll")),
    away(card),
    reader.off && h("p.note", { key: "off" }, card.text("identification_off")),
    !reader.enrollment && h("p.note", { key: "missing" }, card.text("enrollment_missing")),
    trouble(card),
    listing && fingerprints(card, listing),
  );
}

/**
 * Who was identified last, and when; by what the fingerprints tell if the sensor knows less.
 * @param {Card} card
 */
function lastIdentified(card) {
  const { reader, listing } = card;
  const used = (listing?.fingerprints ?? []).flatMap(({ name, last_identified_at: at }) => (at ? { name, at } : []));
  if (reader.known) used.push({ name: reader.known.state, at: reader.known.last_changed });
  const last = used.sort((one, other) => Date.parse(other.at) - Date.parse(one.at))[0];
  const nobody = listing === undefined && reader.online ? "…" : card.text("nobody_yet");
  return h(
    "div.last",
    { key: "last" },
    icon("mdi:account-check"),
    h(
      "div.what",
      h("span.name", last ? last.name : nobody),
      h("span.minor", card.text("last_identified"), last && ` · ${card.ago(last.at)}`),
    ),
  );
}

/**
 * A live touch, for a moment; in the place of who was identified last.
 * @param {Card} card @param {State} touch
 */
function liveTouch(card, touch) {
  const { event_type, name, person, finger, confidence } = touch.attributes;
  const known = event_type === "identified";
  const match = [finger && card.finger(finger), confidence && card.text("confidence", { confidence })];
  const details = known ? match.filter(Boolean).join(" · ") : card.attribute(touch, "reason");
  return h(
    `div.last.touch.${known ? "good" : "poor"}`,
    { key: "last" },
    known ? avatar(name, card.picture(person)) : icon("mdi:fingerprint-off"),
    h("div.what", h("strong.name", touchSentence(card, touch)), h("span.minor", details)),
  );
}

/** @param {Card} card @param {State} touch @returns {string} */
export function touchSentence(card, { attributes: { event_type, name } }) {
  return event_type === "identified" ? name : card.text(event_type === "unreadable" ? "unreadable" : "not_recognized");
}

/** @param {Card} card @param {Listing} listing @returns {Growth} */
function fingerprints(card, { people, unnamed = [] }) {
  const nameless = unnamed.map((template) => {
    const slot = card.text("slot", template);
    return row(card, template, `slot ${template.slot}`, card.text("unnamed"), slot, h("span", slot));
  });
  return [
    h("h3", card.text("fingerprints")),
    people.length + unnamed.length === 0 && h("p.minor", card.text("no_fingerprints")),
    people.map(({ name, person, picture, fingerprints }) => {
      const rows = fingerprints.map((print) => fingerprint(card, name, print));
      return group(person ?? `name ${name}`, name, avatar(name, picture), rows);
    }),
    nameless.length > 0 && group("unnamed", card.text("unnamed"), icon("mdi:help-circle-outline"), nameless),
  ];
}

/** @param {string} key @param {string} name @param {Tree} sign @param {Tree[]} rows */
function group(key, name, sign, rows) {
  return h("section", { key, "aria-label": name }, h("div.person", sign, h("h4", name)), h("ul", rows));
}

/** @param {Card} card @param {string} owner @param {Fingerprint} print */
function fingerprint(card, owner, print) {
  const { name, last_identified_at: last, missing, enabled } = print;
  const finger = card.finger(print.finger);
  return row(
    card,
    print,
    print.template_id ?? `${name} ${print.finger}`,
    name,
    finger,
    h("span", name === owner ? finger : `${name}, ${finger}`),
    h(
      "span.minor",
      last ? card.text("used", { when: card.ago(last) }) : card.text("never_used"),
      missing && h("span.mark", card.text("missing")),
      !enabled && h("span.mark", card.text("disabled")),
    ),
  );
}

/**
 * @param {Card} card @param {Fingerprint | Unnamed} which @param {string} key @param {string} name
 * @param {string} finger @param {Growth[]} what
 */
function row(card, which, key, name, finger, ...what) {
  const props = {
    type: "button",
    "aria-label": card.text("edit", { name, finger }),
    "data-focus": key,
    onclick: () => card.edit(which, key),
  };
  const edit = card.mayChange && h("button.plain", props, icon("mdi:pencil"));
  return h("li.row", { key }, icon("mdi:fingerprint"), h("div.what", what), edit);
}
