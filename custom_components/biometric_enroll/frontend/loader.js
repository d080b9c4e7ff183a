// @ts-check
/**
 * The module that every page of Home Assistant loads: offers the card, and loads it when it can be defined.
 *
 * Releases before 2026.11 load extra modules beside the app, which exchanges the page's registry of
 * custom elements when it starts. An element that was defined before does not exist for dashboards.
 *
 * @import {Hass} from "./types"
 */

import { COMMON, DOMAIN, TAG } from "./names.js";

const home = () => /** @type {{hass?: Hass} | null} */ (document.querySelector("home-assistant"))?.hass;

const { customCards = [] } = /** @type {{customCards?: {type: string}[]}} */ (window);
Object.assign(window, { customCards });
// A page may load this module twice, after an update in two versions.
if (!customCards.some(({ type }) => type === TAG)) {
  const offer = {
    type: TAG,
    name: "Biometric Enroll",
    preview: true,
    // Asked for when the card picker opens, in the language of then.
    get description() {
      void home()?.loadBackendTranslation("common", DOMAIN);
      return home()?.localize(`${COMMON}.card_description`);
    },
    getEntitySuggestion(/** @type {Hass} */ hass, /** @type {string} */ entityId) {
      const { platform, device_id } = hass.entities[entityId] ?? {};
      return platform === DOMAIN && device_id ? { config: { type: `custom:${TAG}`, device_id } } : null;
    },
  };
  customCards.push(offer);
}

// The registry from before the exchange also learns when the app is defined.
window.customElements
  .whenDefined("home-assistant")
  .then(() => import("./card.js"))
  .catch((error) => console.error(`${TAG} was not loaded`, error));
