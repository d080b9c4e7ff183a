// @ts-check
/**
 * The dashboard card of one fingerprint reader: who is enrolled, who touches it, and enrolling.
 *
 * It knows what every dashboard knows: the states of the reader's entities, and what the actions of
 * the integration answer. Data takes one road: these -> a tree of plain objects -> `patch` -> the DOM.
 *
 * Old wall tablets run it as it stands here: only syntax that Chromium 92 knows.
 *
 * @import {Config, Draft, Fingerprint, Growth, Hass, Listing, Localize, Refusal, State, Unnamed, View} from "./types"
 */

import { h, patch } from "./dom.js";
import { enrollment, heading, hint, rejection, sentence } from "./enrollment.js";
import { deleteForm, editForm, enrollForm } from "./forms.js";
import { COMMON, DOMAIN, TAG } from "./names.js";
import { News } from "./news.js";
import { overview, touchSentence } from "./overview.js";
import { Entities, Reader } from "./reader.js";
import { STYLE } from "./style.js";

/** @returns {Draft} */
const nothing = () => ({ name: "", person: "", finger: "", enabled: true });


export class Card extends HTMLElement {
  static getConfigForm() {
    return {
      schema: [
        { name: "device_id", required: true, selector: { device: { filter: [{ integration: DOMAIN }] } } },
        { name: "name", selector: { text: {} } },
      ],
      computeLabel: (/** @type {Config} */ { name }, /** @type {Localize} */ localize) =>
        localize(`${COMMON}.${name === "name" ? "name" : "reader"}`),
    };
  }

  /** For the first reader there is. @param {Hass} hass */
  static getStubConfig(hass) {
    return { device_id: Object.values(hass.entities).find(({ platform }) => platform === DOMAIN)?.device_id ?? "" };
  }

  /** @type {Hass} */
  _hass = /** @type {any} */ (null);
  /** @type {Config} */
  _config = {};
  _entities = new Entities({});
  /** @type {Reader} */
  reader = /** @type {any} */ (null);
  /** @type {Listing | null | undefined} undefined until there is an answer, null if it is a refusal */
  listing = undefined;
  /** @type {View} */
  _view = { kind: "overview" };
  draft = nothing();
  _before = nothing(); // the draft as it began
  busy = false;
  error = "";
  /** @type {unknown[]} all that the last picture was made of */
  _sources = [];
  _language = "";
  _listed = ""; // `Reader.listed` of the last question
  _from = ""; // where the focus came from
  _news = new News();
  _timer = 0;
  _root = this.attachShadow({ mode: "open" });

  /** @param {Config} config */
  setConfig(config) {
    if (typeof (config.device_id ?? "") !== "string") {
      throw new TypeError("device_id: the id of a device is needed");
    }
    if (config.device_id !== this._config.device_id) {
      this._view = { kind: "overview" };
      this._news.forgetTouch();
    }
    this._config = config;
    this.listing = undefined;
    this._listed = "";
    this._entities = new Entities({});
    this._sources = [];
    if (this._hass) this.hass = this._hass;
  }

  getCardSize() {
    return 6;
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  connectedCallback() {
    this._news.lookAway(); // what happened while it did not look is not live
    this._timer = window.setInterval(() => {
      if (this.reader) this._follow(this.reader);
      this.render();
    }, 1000);
  }

  disconnectedCallback() {
    window.clearInterval(this._timer);
  }

  /** @param {Hass} hass */
  set hass(hass) {
    this._hass = hass;
    if (hass.language !== this._language) {
      // When the texts have come, `hass.localize` is another one.
      this._language = hass.language;
      for (const category of ["common", "selector"]) void hass.loadBackendTranslation(category, DOMAIN);
    }
    if (!hass.connected) {
      this._news.disconnect(hass.states);
      this._listed = "";
    }
    if (hass.entities !== this._entities.of) this._entities = new Entities(hass.entities, this._config.device_id);
    const reader = new Reader(this._entities, hass.states);
    const sources = [Object.values(reader), hass.devices, hass.user, hass.connected, hass.localize].flat(2);
    if (sources.length === this._sources.length && sources.every((each, at) => each === this._sources[at])) return;
    this._sources = sources;
    this.reader = reader;
    this._follow(reader);
    this.render();
    if (hass.connected && reader.loaded && reader.listed !== this._listed) void this._ask();
  }

  // What it knows

  /** @param {string} key @param {object} [values] */
  text(key, values) {
    return this._hass.localize(`${COMMON}.${key}`, values);
  }

  /** @param {string | null} finger */
  finger(finger) {
    if (!finger) return this.text("no_finger");
    return this._hass.localize(`component.${DOMAIN}.selector.finger.options.${finger}`);
  }

  /** How long ago something was, such as "2 hours ago". @param {string} when */
  ago(when) {
    // The clock of a tablet may be behind that of Home Assistant.
    const minutes = Math.max(0, (Date.now() - Date.parse(when)) / 60_000);
    const unit = minutes < 60 ? "minute" : minutes < 1440 ? "hour" : "day";
    const count = Math.floor(minutes / { minute: 1, hour: 60, day: 1440 }[unit]);
    return new Intl.RelativeTimeFormat(this._hass.locale.language, { numeric: "auto" }).format(-count, unit);
  }

  /** Who may be enrolled, in the order of their names. */
  get persons() {
    return this.reader.people
      .map(({ entity_id: person, attributes: { friendly_name: name = person } }) => ({
        person,
        name,
        picture: this.picture(person),
      }))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  get mayChange() {
    return this._hass.user?.is_admin ?? false;
  }

  get mayEnroll() {
    return this.listing?.may_enroll ?? false;
  }

  /** Of the time for this scan; null where there is no limit, or the clock is wrong. */
  secondsLeft() {
    return this._news.secondsLeft(/** @type {State} */ (this.reader.enrollment));
  }

  /** The last touch while it is news; it disturbs no form. */
  get liveTouch() {
    return this._view.kind === "overview" ? this._news.touch(this.reader) : null;
  }

  /** The picture of a person. @param {string | null} person @returns {string | undefined} */
  picture(person) {
    return person ? this._hass.states[person]?.attributes.entity_picture : undefined;
  }

  /** An attribute in words. @param {State} state @param {string} attribute */
  attribute(state, attribute) {
    return this._hass.formatEntityAttributeValue(state, attribute);
  }

  /** @param {Reader} reader */
  _follow(reader) {
    const began = this._news.follow(reader, this._hass, this.isConnected);
    if (began && this._view.kind === "overview") this.error = "";
  }

  /** Ask for the fingerprints; the answer to the latest question counts. */
  async _ask() {
    const asked = (this._listed = this.reader.listed);
    /** @type {Listing | null} */
    const listing = await this._call("get_fingerprints", this.device, true).catch(() => null);
    if (asked !== this._listed) return;
    this.listing = listing;
    const all = [...(listing?.fingerprints ?? []), ...(listing?.unnamed ?? [])];
    const which = this.edited;
    // Its slot may soon be that of somebody else.
    const same = (/** @type {Fingerprint | Unnamed} */ { slot, template_id }) => slot === which?.slot && template_id === which?.template_id;
    if (listing && which && !all.some(same)) this.go({ kind: "overview" });
    this.render();
  }

  // What the user does

  /** @param {View} view */
  go(view) {
    if (view.kind === "enroll") this.draft = { ...nothing(), person: this.persons[0] ? null : "", ...view.whose };
    this._view = view;
    this.error = "";
    this.render();
  }

  /** @param {Fingerprint | Unnamed} which @param {string} from where the focus goes back to */
  edit(which, from) {
    const { name, person, finger, enabled } = { ...nothing(), ...which };
    this._before = { name, person: person ?? "", finger: finger ?? "", enabled };
    this.draft = { ...this._before };
    this._from = from;
    this.go({ kind: "edit", which });
  }

  back() {
    this.go(this._view.kind === "delete" ? { ...this._view, kind: "edit" } : { kind: "overview" });
  }

  /** @param {Partial<Draft>} change */
  change(change) {
    Object.assign(this.draft, change);
    this.error = "";
    this.render();
  }

  putAway() {
    this._news.putAway();
    this.go({ kind: "overview" });
  }

  /** @param {{name: string, person?: string | null, finger?: string | null}} whose */
  enroll({ name, person, finger }) {
    const whose = { name, ...(person && { person }), ...(finger && { finger }) };
    return this.act("enroll_fingerprint", { ...this.device, ...whose });
  }

  /** Open the form for another finger of the same person. @param {{name: string, person?: string | null}} whose */
  enrollAnother({ name, person }) {
    this._news.putAway();
    const known = person && this.persons.some((each) => each.person === person);
    this.go({ kind: "enroll", whose: known ? { person } : { person: "", name } });
  }

  /** Only that: anything else may have been changed elsewhere meanwhile. */
  get changed() {
    const before = Object(this._before);
    return Object.fromEntries(Object.entries(this.draft).filter(([word, value]) => value !== before[word]));
  }

  /** The fingerprint whose form is open. */
  get edited() {
    return "which" in this._view ? this._view.which : null;
  }

  get device() {
    return { device_id: this._config.device_id };
  }

  /** How the actions call a fingerprint. @param {Fingerprint | Unnamed} which */
  place({ template_id, slot }) {
    return template_id ? { template_id } : { ...this.device, slot };
  }

  /** Call an action that takes a while and may be refused. @param {string} action @param {object} data */
  async act(action, data) {
    if (this.busy) return;
    const view = this._view;
    let trouble = "";
    this.busy = true;
    this.error = "";
    this.render();
    try {
      await this._call(action, data);
    } catch (error) {
      trouble = await this._explained(/** @type {Refusal} */ (error)).catch(() => this.text("not_done"));
    }
    this.busy = false;
    // Whoever has gone on meanwhile is not disturbed.
    if (view === this._view) {
      this.error = trouble;
      if (!trouble) this._view = { kind: "overview" };
    }
    this.render();
    // Without Stored fingerprints, nothing else tells that they have changed.
    if (trouble || !this.reader.stored) void this._ask();
  }

  /** @param {string} action @param {object} data @param {boolean} [answers] @returns {Promise<any>} */
  async _call(action, data, answers = false) {
    return (await this._hass.callService(DOMAIN, action, data, undefined, false, answers)).response;
  }

  /** @param {Refusal} refusal */
  async _explained({ message = this.text("not_done"), ...told }) {
    const { translation_domain: domain, translation_key: key, translation_placeholders: values } = told;
    const localize = await this._hass.loadBackendTranslation("exceptions", domain ?? DOMAIN);
    return localize(`component.${domain}.exceptions.${key}.message`, values) || message;
  }

  /** @param {KeyboardEvent} event */
  _escape(event) {
    if (event.key !== "Escape" || event.isComposing || this._view.kind === "overview") return;
    event.stopPropagation();
    this.back();
  }

  // How it looks

  render() {
    if (!this.reader || !this.text("reader")) return;
    const focused = this._root.activeElement;
    const onkeydown = (/** @type {KeyboardEvent} */ event) => this._escape(event);
    const said = h("div.unseen", { role: "status" }, this._said());
    patch(this._root, [h("style", STYLE), h("ha-card", h("div.card", { onkeydown }, this._content(), said))]);
    if (focused && !this._root.activeElement) this._refocus();
  }

  /** @returns {Growth} */
  _content() {
    const { device_id: id = "", name: heading } = this._config;
    const { online, loaded } = this.reader;
    if (!loaded) return h("p.note", this.text(id ? "reader_gone" : "choose_reader"));
    const device = this._hass.devices[id];
    const name = heading || device?.name_by_user || device?.name || "";
    const presence = online ? "online" : "offline";
    return [h("div.header", h("h2", name), h(`span.presence.${presence}`, this.text(presence))), this._panel()];
  }

  /** An enrollment interrupts nobody who is just changing something else. */
  _panel() {
    const view = this._view;
    if (view.kind === "edit") return editForm(this, view.which);
    if (view.kind === "delete") return deleteForm(this, view.which);
    const current = this._news.enrollment(this.reader);
    if (current) return enrollment(this, current);
    const { enrollment: told, online } = this.reader;
    return view.kind === "enroll" && this.mayEnroll && online && told ? enrollForm(this) : overview(this);
  }

  /** What a screen reader tells without being asked. */
  _said() {
    const touch = this.liveTouch;
    if (touch) return touchSentence(this, touch);
    const current = this._news.enrollment(this.reader);
    if (!current) return "";
    const { state, attributes } = current;
    const told = [heading, rejection, hint, sentence].map((part) => part(this, state, attributes));
    const texts = [...told, this.text("scans_of", attributes)].filter(Boolean);
    return texts.map((text) => `${text}`.replace(/[^.]$/, "$&.")).join(" ");
  }

  /** What had the focus is gone: go where the user would look next. */
  _refocus() {
    const places = /** @type {HTMLElement[]} */ ([...this._root.querySelectorAll("[data-focus]")]);
    const find = (/** @type {string} */ name) => places.find((place) => place.dataset.focus === name);
    (find("panel") ?? find(this._from) ?? places[0])?.focus();
  }
}

// Twice after an update: once in each version.
if (!window.customElements.get(TAG)) window.customElements.define(TAG, Card);
