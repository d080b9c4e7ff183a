// @ts-check
/**
 * The forms of the card: enroll, edit and delete.
 *
 * @import {Fingerprint, Unnamed} from "./types"
 * @import {Card} from "./card.js"
 */

import { h } from "./dom.js";
import { avatar, button, choice, form, icon, title } from "./parts.js";

/** In the order in which one sees them on the back of one's own left hand. */
const FINGERS = ["little_finger", "ring_finger", "middle_finger", "index_finger", "thumb"];

/** @param {Card} card */
export function enrollForm(card) {
  return form(
    card,
    "enroll",
    () => card.enroll(card.draft.person ? { ...card.draft, name: "" } : card.draft),
    [button(card, "back", () => card.back()), button(card, card.busy ? "starting" : "start")],
    title(card.text("enroll")),
    whose(card, card.draft.person === ""),
  );
}

/** Whose finger it is, and which. @param {Card} card @param {boolean} named whether one can choose a name */
function whose(card, named) {
  const { persons, draft } = card;
  const placeholder = persons.find(({ person }) => person === draft.person)?.name;
  const oninput = (/** @type {any} */ { target }) => card.change({ name: target.value });
  const required = !draft.person;
  const name = { type: "text", value: draft.name, maxlength: 100, required, placeholder, autocomplete: "off", oninput };
  return [
    persons.length > 0 &&
      h(
        "fieldset",
        h("legend", card.text("whose_finger")),
        h(
          "div.chips",
          persons.map(({ person, name, picture }) =>
            choice(card, ".chip", { person }, null, avatar(name, picture), name),
          ),
          choice(card, ".chip", { person: "" }, null, icon("mdi:account-question"), card.text("someone_else")),
        ),
      ),
    named && h("label.field", h("span", card.text("name")), h("input", name)),
    h("fieldset", h("legend", card.text("which_finger")), hands(card)),
  ];
}

/** Two hands, as one sees the backs of one's own. @param {Card} card */
function hands(card) {
  const { person, name, finger: chosen } = card.draft;
  const mine = card.listing?.people.find((each) => (person ? each.person === person : each.name === name));
  const { edited } = card;
  const others = mine?.fingerprints.filter((print) => !edited || print.template_id !== edited.template_id);
  const label = (/** @type {string} */ finger) =>
    others?.some((print) => finger && print.finger === finger)
      ? card.text("already_enrolled", { finger: card.finger(finger) })
      : card.finger(finger);
  const hand = (/** @type {string} */ side, /** @type {string[]} */ fingers) =>
    h(
      `div.hand.${side}`,
      { role: "group", "aria-label": card.text(`${side}_hand`) },
      h("div.palm"),
      fingers.map((name) => {
        const finger = `${side}_${name}`;
        const enrolled = label(finger) !== card.finger(finger);
        const kind = `.finger.${name}${enrolled ? ".enrolled" : ""}`;
        return choice(card, kind, { finger }, label(finger), enrolled && icon("mdi:check"));
      }),
    );
  return [h("div.hands", hand("left", FINGERS), hand("right", [...FINGERS].reverse())), h("p.minor", label(chosen))];
}

/** @param {Card} card @param {Fingerprint | Unnamed} which */
export function editForm(card, which) {
  const named = "enabled" in which;
  const { enabled } = card.draft;
  const check = { type: "checkbox", checked: enabled, onchange: () => card.change({ enabled: !enabled }) };
  return form(
    card,
    "edit",
    () => card.act("update_fingerprint", { ...card.place(which), ...card.changed }),
    [
      card.reader.canDelete && button(card, "delete", () => card.go({ kind: "delete", which }), ".danger"),
      button(card, "back", () => card.back()),
      (named || which.template_id || card.reader.online) && button(card, "save"),
    ],
    title(card.text(named ? "edit_fingerprint" : "name_fingerprint")),
    !named && h("p.minor", card.text("slot", which)),
    whose(card, true),
    h(
      "label.row",
      h("input", check),
      h("span.what", card.text("enabled"), h("span.minor", card.text("enabled_help"))),
    ),
  );
}

/** @param {Card} card @param {Fingerprint | Unnamed} which */
export function deleteForm(card, which) {
  return form(
    card,
    "delete",
    () => card.act("delete_fingerprint", card.place(which)),
    [button(card, "keep", () => card.back()), card.reader.canDelete && button(card, "delete", undefined, ".danger")],
    title(card.text("delete_question")),
    h("p.sentence", "enabled" in which ? `${which.name}, ${card.finger(which.finger)}` : card.text("slot", which)),
    h("p", card.text("delete_help")),
  );
}
