// @ts-check
/**
 * An enrollment while it runs, and then how it has ended.
 *
 * @import {Attributes, State, Told} from "./types"
 * @import {Card} from "./card.js"
 */

import { h } from "./dom.js";
import { away, button, icon, inRoomOf, title, trouble } from "./parts.js";
import { ENDED, RUNNING } from "./reader.js";

/** @type {Record<string, string>} */
const SIGNS = { completed: "mdi:check-bold", failed: "mdi:close-thick", cancelled: "mdi:cancel" };
/** What a running enrollment may say: its panel has room for the longest of them. */
const PROMPTS = [...RUNNING.map((stage) => `stage_${stage}`), "place_again"];
const HINTS = ["too_messy", "too_few_features", "no_image", "mismatch", "sensor_error"];

/** @param {Card} card @param {State} state */
export function enrollment(card, { state, attributes }) {
  const { name, finger } = attributes;
  const { online } = card.reader;
  const ended = ENDED.includes(state);
  const seconds = card.secondsLeft();
  const close = ended && button(card, "done", () => card.putAway());
  const cancel = !ended && button(card, "cancel", () => card.act("cancel_enrollment", card.device));
  const time = seconds === null ? "" : card.text("seconds_left", { seconds });
  return h(
    "div.panel.enrollment",
    { key: ended ? "ended" : "running" },
    title(heading(card, state, attributes)),
    h("p.minor", [ended && name, finger && card.finger(finger)].filter(Boolean).join(" · ")),
    ring(card, attributes, state),
    inRoomOf("p.sentence", PROMPTS.map((prompt) => card.text(prompt)), sentence(card, state, attributes)),
    !ended && h("p.minor.time", time && { role: "timer" }, time),
    why(card, state, attributes),
    away(card),
    trouble(card),
    h("div.actions", close, online && card.mayEnroll && [cancel, ended && name && next(card, state, attributes)]),
  );
}

/** What to do after an enrollment. @param {Card} card @param {string} stage @param {Attributes} attributes */
function next(card, stage, { name, person, finger }) {
  const another = () => card.enrollAnother({ name, person });
  if (stage === "completed") return button(card, "another_finger", another, ".main");
  const again = () => card.enroll({ name, person, finger });
  return button(card, card.busy ? "starting" : "try_again", again, ".main");
}

/** @type {Told<Card>} */
export const heading = (card, stage, { name = "" }) =>
  ENDED.includes(stage) ? card.text(stage) : card.text("enrolling", { name });

/** @type {Told<Card>} */
export const sentence = (card, stage, { step, reason, duplicate_of: name }) =>
  name
    ? card.text("reason_duplicate_of", { name })
    : card.text(reason ? `reason_${reason}` : stage === "place_finger" && step > 1 ? "place_again" : `stage_${stage}`) || reason;

/** Why the last image of this scan was not accepted. @type {Told<Card>} */
export function hint(card, stage, { step, captured, attempts, rejected_reason }) {
  if (stage === "failed") return card.text("stage_cancelled");
  return RUNNING.includes(stage) && captured < step && attempts > 1 && (card.text(`hint_${rejected_reason}`) || rejected_reason);
}

/** That the last image of this scan was not accepted. @type {Told<Card>} */
export const rejection = (card, stage, attributes) =>
  RUNNING.includes(stage) && hint(card, stage, attributes) && card.text("rejected");

/** @param {Card} card @param {string} stage @param {Attributes} attributes */
function why(card, stage, attributes) {
  const rejected = rejection(card, stage, attributes);
  const longest = HINTS.map((reason) => `${card.text("rejected")} … ${card.text(`hint_${reason}`)}`);
  return inRoomOf(
    "p.hint",
    RUNNING.includes(stage) ? longest : [],
    rejected && h("strong", icon("mdi:alert-circle"), rejected, " "),
    h("span", hint(card, stage, attributes)),
  );
}

/** As many segments as scans. @param {Card} card @param {Attributes} attributes @param {string} state */
function ring(card, attributes, state) {
  const { captured, total, attempts } = attributes;
  // While the next image is taken, nothing is known of it.
  const rejected = state !== "processing" && rejection(card, state, attributes);
  const length = 100 / total;
  const segments = Array.from({ length: total }, (_, index) => {
    const kind = index < captured ? ".captured" : index === captured && RUNNING.includes(state) ? ".current" : "";
    return h(`circle.segment${kind}`, {
      cx: 50,
      cy: 50,
      r: 44,
      pathLength: 100,
      "stroke-dasharray": `${length - 4} 100`,
      "stroke-dashoffset": -(index * length + 2),
    });
  });
  const sign = rejected ? "mdi:fingerprint-off" : (SIGNS[state] ?? "mdi:fingerprint");
  return h(
    `div.ring.${state}${rejected ? ".rejected" : ""}`,
    {
      role: "progressbar",
      "aria-label": card.text("scans_captured"),
      "aria-valuemax": total,
      "aria-valuenow": captured,
      "aria-valuetext": card.text("scans_of", { captured, total }),
    },
    // A new element for each rejection: it shakes once.
    h(
      "div.face",
      { key: rejected ? attempts : 0 },
      h("svg", { viewBox: "0 0 100 100" }, segments),
      h("span.sign", icon(sign)),
    ),
  );
}
