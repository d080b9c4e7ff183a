// @ts-check
/**
 * What is new at a reader: how much time a scan has left, how an enrollment has just ended, and a live touch.
 *
 * @import {Hass, State} from "./types"
 * @import {Reader} from "./reader.js"
 */

const OUTCOME_MS = 60_000; // how long the end of an enrollment stays, unless it is put away
const TOUCH_MS = 8_000; // how long a live touch is shown

/** Of one reader, as long as a card follows it. */
export class News {
  _enrollment = { updated: "", arrivedAt: 0, running: "", ended: "", newsUntil: 0 };
  /** @type {{seen: number | null, came: number}} `seen` is null until it looks, and what comes is new */
  _touch = { seen: null, came: 0 };
  /** @type {Hass["states"] | null} the states from before the connection was lost */
  _stale = null;

  /** What happens from now on, until it looks again, is not live. */
  lookAway() {
    this._touch.seen = null;
  }

  /** The connection is lost: the first states after it tell what has been. @param {Hass["states"]} states */
  disconnect(states) {
    this._stale = states;
    this.lookAway();
  }

  /** Another reader: its touches are not those of the one before. */
  forgetTouch() {
    this._touch = { seen: null, came: 0 };
  }

  /** Put the end of the last enrollment away. */
  putAway() {
    this._enrollment.newsUntil = 0;
  }

  /**
   * Notice what is new; return whether an enrollment has begun.
   * @param {Reader} reader @param {Hass} hass @param {boolean} looking whether the card is on a page
   */
  follow({ enrollment, running, ended, activity, touch }, hass, looking) {
    const known = this._enrollment;
    const id = enrollment?.attributes.template_id;
    if (enrollment && enrollment.last_updated !== known.updated) {
      known.arrivedAt = this._touch.seen === null ? 0 : performance.now();
      known.updated = enrollment.last_updated;
    }
    const began = Boolean(running && id !== known.running);
    if (began) known.running = id;
    if (ended && id !== known.ended) {
      known.ended = id;
      // Not seen to end: Enrollment activity tells when that was, but not after a restart.
      const then = activity?.attributes.template_id === id && activity?.state;
      const age = known.running === id ? 0 : Math.abs(Date.now() - Date.parse(`${then}`));
      known.newsUntil = performance.now() + OUTCOME_MS - age;
    }
    if (touch && looking && hass.connected && hass.states !== this._stale) this._followTouch(touch);
    return began;
  }

  /** @param {State} touch */
  _followTouch({ state }) {
    const { seen } = this._touch;
    const at = Date.parse(state) || 0;
    if (seen !== null && at > seen) this._touch.came = Date.now();
    this._touch.seen = Math.max(seen ?? 0, at);
  }

  /** The enrollment that runs, or the last one while its end is news. @param {Reader} reader */
  enrollment({ running, ended }) {
    return running ?? (performance.now() < this._enrollment.newsUntil ? ended : null);
  }

  /** The last touch while it is news. @param {Reader} reader */
  touch({ running, touch }) {
    // By the clock that goes on while a tablet sleeps, and may be set back.
    const age = Date.now() - this._touch.came;
    return age >= 0 && age < TOUCH_MS && !running ? touch : null;
  }

  /** Seconds left for this scan; null where there is no limit, or the clock is wrong. @param {State} enrollment */
  secondsLeft({ last_updated, attributes }) {
    const end = Date.parse(attributes.expires_at);
    if (Number.isNaN(end)) return null;
    // By the clock of Home Assistant alone, unless the change was not seen as it came.
    const whole = end - Date.parse(last_updated);
    const { arrivedAt } = this._enrollment;
    const left = arrivedAt ? whole - (performance.now() - arrivedAt) : Math.min(whole, end - Date.now());
    return left > 0 || arrivedAt ? Math.max(0, Math.ceil(left / 1000)) : null;
  }
}
