// @ts-check
/**
 * One fingerprint reader, as Home Assistant shows it.
 *
 * @import {Hass} from "./types"
 */

import { DOMAIN } from "./names.js";

export const RUNNING = ["place_finger", "processing", "lift_finger"];
export const ENDED = ["completed", "failed", "cancelled"];
const NOTHING = ["unknown", "unavailable"];

/** Which entities a card is about, found by what they are: users may give them any entity id. */
export class Entities {
  /** @param {Hass["entities"]} entities @param {string} [reader] the id of its device */
  constructor(entities, reader) {
    /** @type {Record<string, string>} entity ids by what the entities tell, such as sensor.enrollment */
    this.ids = {};
    for (const { entity_id: id, device_id, platform, translation_key = "" } of Object.values(entities)) {
      if (platform === DOMAIN && device_id === reader) this.ids[`${id.split(".")[0]}.${translation_key}`] = id;
    }
    this.people = Object.keys(entities).filter((id) => id.startsWith("person."));
    this.of = entities;
  }
}

/** What the states say of a reader, and of who may be enrolled. Users may have disabled any of its entities. */
export class Reader {
  /** @param {Entities} entities @param {Hass["states"]} states */
  constructor({ ids, people }, states) {
    const state = (/** @type {string} */ what) => states[ids[what] ?? ""];
    this.enrollment = state("sensor.enrollment");
    this.identified = state("sensor.last_identified");
    this.stored = state("sensor.stored_fingerprints");
    this.activity = state("event.enrollment_activity");
    this.touch = state("event.touch");
    this.late = state("event.late_touch");
    const off = state("switch.identification");
    this.off = off?.state === "off";
    // Connectivity is called after its device class. Without it, those tell that are unavailable
    // with the reader; without all of these, trying tells.
    const connectivity = state("binary_sensor.");
    const others = [this.stored, state("binary_sensor.enrolling"), off].flatMap((each) => each ?? []);
    this.online = connectivity
      ? connectivity.state === "on"
      : others.length === 0 || others.some((each) => each.state !== "unavailable");
    /** Whether its entities are there: none is while the reader is not set up. */
    this.loaded = Object.values(ids).some((id) => states[id] && states[id].state !== "unavailable");
    this.people = people.flatMap((id) => states[id] ?? []);
  }

  /** The Enrollment sensor while an enrollment runs. */
  get running() {
    return this.enrollment && RUNNING.includes(this.enrollment.state) ? this.enrollment : null;
  }

  /** The Enrollment sensor while it shows how the last one ended. */
  get ended() {
    return this.enrollment && ENDED.includes(this.enrollment.state) ? this.enrollment : null;
  }

  /** The Last identified sensor, unless it knows nobody: Home Assistant has just started, say. */
  get known() {
    return this.identified && !NOTHING.includes(this.identified.state) ? this.identified : null;
  }

  /** A reader of the first generation never says what it holds, and deletes nothing. */
  get canDelete() {
    return this.online && (!this.stored || this.stored.attributes.revision);
  }

  /** What changes whenever the action get_fingerprints may answer something else. */
  get listed() {
    const { revision, roster_revision, unnamed_slots, missing } = this.stored?.attributes ?? {};
    const stored = this.stored ? [revision, roster_revision, unnamed_slots, missing] : this.ended?.last_updated;
    const people = this.people.map(({ attributes }) => [attributes.friendly_name, attributes.entity_picture]);
    return JSON.stringify([stored, this.touch?.state, this.late?.state, this.online, people]);
  }
}
