// @ts-check
/**
 * The dashboard card of one fingerprint reader: who is enrolled, who touches it, and enrolling.
 *
 * It knows what every dashboard knows: the states of the reader's entities, and what the actions of
 * the integration answer. Data takes one road: these -> a tree of plain objects -> `patch` -> the DOM.
 *
 * @import {Attributes, Child, Config, Draft, Fingerprint, Growth, Hass, Listing, Localize, Refusal,
 *   State, Told, Tree, Unnamed, View} from "./types"
 */

const DOMAIN = "biometric_enroll";
const TAG = "biometric-enroll-card";
const COMMON = `component.${DOMAIN}.common`;

const RUNNING = ["place_finger", "processing", "lift_finger"];
const ENDED = ["completed", "failed", "cancelled"];
/** In the order in which one sees them on the back of one's own left hand. */
const FINGERS = ["little_finger", "ring_finger", "middle_finger", "index_finger", "thumb"];
/** @type {Record<string, string>} */
const SIGNS = { completed: "mdi:check-bold", failed: "mdi:close-thick", cancelled: "mdi:cancel" };

const OUTCOME_MS = 60_000; // how long the end of an enrollment stays, unless it is put away
const TOUCH_MS = 8_000; // how long a live touch is shown

/** @returns {Draft} */
const nothing = () => ({ name: "", person: "", finger: "", enabled: true });

// --- a tree of plain objects, and how the DOM becomes like it ---

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
function h(what, ...rest) {
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
function patch(parent, wanted) {
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

// --- the reader, as Home Assistant shows it ---

/** Which entities a card is about, found by what they are: users may give them any entity id. */
class Entities {
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

/** What the states say of a reader, and of who may be enrolled. */
class Reader {
	/** @param {Entities} entities @param {Hass["states"]} states */
	constructor({ ids, people }, states) {
		const state = (/** @type {string} */ what) => states[ids[what] ?? ""];
		this.enrollment = state("sensor.enrollment");
		this.identified = state("sensor.last_identified");
		this.stored = state("sensor.stored_fingerprints");
		this.activity = state("event.enrollment_activity");
		this.touch = state("event.touch");
		// Connectivity is called after its device class. Without it, trying tells.
		this.online = (state("binary_sensor.")?.state ?? "on") === "on";
		this.off = state("switch.identification")?.state === "off";
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

	/** A reader of the first generation never says what it holds, and deletes nothing. */
	get canDelete() {
		return this.online && this.stored?.attributes.revision;
	}

	/** What changes whenever the action get_fingerprints may answer something else. */
	get listed() {
		const { revision, roster_revision, unnamed_slots, missing } = this.stored?.attributes ?? {};
		const people = this.people.map(({ attributes }) => [attributes.friendly_name, attributes.entity_picture]);
		return JSON.stringify([revision, roster_revision, unnamed_slots, missing, this.touch?.state, this.online, people]);
	}
}

// --- small parts ---

/** @param {string} icon */
const icon = (icon) => h("ha-icon", { icon });

/** Without `onclick` it submits its form. While the card is busy it keeps the focus and does nothing. @param {Card} card @param {string} label @param {() => unknown} [onclick] @param {string} [kind] */
const button = (card, label, onclick, kind = onclick ? "" : ".main") =>
	h(`button${kind}`, { type: onclick ? "button" : "submit", onclick, "aria-disabled": card.busy }, card.text(label));

/** @param {string} name @param {string | null | undefined} picture */
function avatar(name, picture) {
	if (picture) return h("img.avatar", { src: picture, alt: "" });
	return h("span.avatar", { "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "");
}

/** What begins a panel; the focus goes there when what had it is gone. @param {Growth} text */
const title = (text) => h("h3", { tabindex: -1, "data-focus": "panel" }, text);

/** @param {Card} card */
const trouble = (card) => card.error && h("p.note.error", { role: "alert" }, card.error);

/** @param {Card} card @param {string} key @param {() => unknown} act @param {Growth} actions @param {Growth[]} children */
function form(card, key, act, actions, ...children) {
	const onsubmit = (/** @type {Event} */ event) => {
		event.preventDefault();
		act();
	};
	return h("form.panel", { key, onsubmit }, children, trouble(card), h("div.actions", actions));
}

/**
 * One of several to choose from, a finger also to be taken back; the input is not to be seen, what stands beside it is.
 * @param {Card} card @param {string} kind @param {Partial<Draft>} chosen what it changes of the draft
 * @param {string | null} label for a screen reader, where no text stands beside it @param {Growth[]} children
 */
function choice(card, kind, chosen, label, ...children) {
	const [[name, value] = [""]] = Object.entries(chosen);
	const checked = card.draft[/** @type {keyof Draft} */ (name)] === value;
	const onchange = () => card.change(chosen);
	const onclick = () => void (checked && name === "finger" && card.change({ finger: "" }));
	const props = { type: "radio", name, value, checked, onchange, onclick, required: name === "person", "aria-label": label };
	return h(`label${kind}`, { key: value, title: label }, h("input", props), children);
}

// --- what it shows, panel by panel ---

/** @param {Card} card */
function overview(card) {
	const { reader, listing } = card;
	const who = reader.identified;
	const known = who && !["unknown", "unavailable"].includes(who.state) ? who : null;
	const enroll = { type: "button", "data-focus": "enroll", onclick: () => card.go({ kind: "enroll" }) };
	return h(
		"div.panel",
		{ key: "overview" },
		!reader.online && h("p.note", card.text("offline_help")),
		reader.off && h("p.note", card.text("identification_off")),
		h(
			"div.row",
			icon("mdi:account-check"),
			h(
				"div.what",
				h("span", known ? known.state : card.text("nobody_yet")),
				h("span.minor", card.text("last_identified"), known && ` · ${card.ago(known.last_changed)}`),
			),
		),
		card.mayEnroll && reader.online && h("button.main", enroll, icon("mdi:fingerprint"), card.text("enroll")),
		trouble(card),
		listing && fingerprints(card, listing),
	);
}

/** @param {Card} card @param {Listing} listing @returns {Growth} */
function fingerprints(card, { people, unnamed = [] }) {
	const group = (/** @type {string} */ key, /** @type {string} */ name, /** @type {Tree} */ sign, /** @type {Tree[]} */ rows) =>
		h("section", { key, "aria-label": name }, h("div.person", sign, h("h4", name)), h("ul", rows));
	return [
		h("h3", card.text("fingerprints")),
		people.length + unnamed.length === 0 && h("p.minor", card.text("no_fingerprints")),
		people.map(({ name, person, picture, fingerprints }) => {
			const rows = fingerprints.map((print) => fingerprint(card, name, print));
			return group(person ?? `name ${name}`, name, avatar(name, picture), rows);
		}),
		unnamed.length > 0 &&
			group("unnamed", card.text("unnamed"), icon("mdi:help-circle-outline"), unnamed.map((template) => {
				const slot = card.text("slot", template);
				return row(card, template, `slot ${template.slot}`, card.text("unnamed"), slot, h("span", slot));
			})),
	];
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

/** @param {Card} card */
function enrollForm(card) {
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
	const name = { type: "text", value: draft.name, maxlength: 100, required: !draft.person, placeholder, autocomplete: "off", oninput };
	return [
		persons.length > 0 &&
			h(
				"fieldset",
				h("legend", card.text("whose_finger")),
				h(
					"div.chips",
					persons.map(({ person, name, picture }) => choice(card, ".chip", { person }, null, avatar(name, picture), name)),
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
				return choice(card, `.finger.${name}${enrolled ? ".enrolled" : ""}`, { finger }, label(finger), enrolled && icon("mdi:check"));
			}),
		);
	return [h("div.hands", hand("left", FINGERS), hand("right", [...FINGERS].reverse())), h("p.minor", label(chosen))];
}

/** An enrollment while it runs, and then how it has ended. @param {Card} card @param {State} state */
function enrollment(card, { state, attributes }) {
	const { name, person, finger } = attributes;
	const { online } = card.reader;
	const ended = ENDED.includes(state);
	const seconds = card.secondsLeft();
	const again = () => card.enroll({ name, person, finger });
	const close = ended && button(card, "done", () => card.putAway());
	const actions = ended
		? [close, state !== "completed" && name && button(card, card.busy ? "starting" : "try_again", again, ".main")]
		: button(card, "cancel", () => card.act("cancel_enrollment", card.device));
	return h(
		"div.panel.enrollment",
		{ key: ended ? "ended" : "running" },
		title(heading(card, state, attributes)),
		h("p.minor", [ended && name, finger && card.finger(finger)].filter(Boolean).join(" · ")),
		ring(card, attributes, state),
		h("p.sentence", sentence(card, state, attributes)),
		seconds !== null && h("p.minor", { role: "timer" }, card.text("seconds_left", { seconds })),
		h("p.hint", hint(card, state, attributes)),
		!online && h("p.note", card.text("offline_help")),
		trouble(card),
		h("div.actions", online && card.mayEnroll ? actions : close),
	);
}

/** @type {Told<Card>} */
const heading = (card, stage, { name = "" }) =>
	ENDED.includes(stage) ? card.text(stage) : card.text("enrolling", { name });

/** @type {Told<Card>} */
const sentence = (card, stage, { step, reason, duplicate_of: name }) =>
	name
		? card.text("reason_duplicate_of", { name })
		: card.text(reason ? `reason_${reason}` : stage === "place_finger" && step > 1 ? "place_again" : `stage_${stage}`) || reason;

/** Why the last image of this scan was not good enough. @type {Told<Card>} */
function hint(card, stage, { step, captured, attempts, rejected_reason }) {
	if (stage === "failed") return card.text("stage_cancelled");
	return RUNNING.includes(stage) && captured < step && attempts > 1 && (card.text(`hint_${rejected_reason}`) || rejected_reason);
}

/** As many segments as scans. @param {Card} card @param {Attributes} attributes @param {string} state */
function ring(card, { captured, total }, state) {
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
	return h(
		`div.ring.${state}`,
		{
			role: "progressbar",
			"aria-label": card.text("scans_captured"),
			"aria-valuemax": total,
			"aria-valuenow": captured,
			"aria-valuetext": card.text("scans_of", { captured, total }),
		},
		h("svg", { viewBox: "0 0 100 100" }, segments),
		h("span.sign", icon(SIGNS[state] ?? "mdi:fingerprint")),
	);
}

/** @param {Card} card @param {Fingerprint | Unnamed} which */
function editForm(card, which) {
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
		h("label.row", h("input", check), h("span.what", card.text("enabled"), h("span.minor", card.text("enabled_help")))),
	);
}

/** @param {Card} card @param {Fingerprint | Unnamed} which */
function deleteForm(card, which) {
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

/** A live touch, for a moment. @param {Card} card @param {State} touch */
function liveTouch(card, touch) {
	const { event_type, name, person, finger, confidence } = touch.attributes;
	const known = event_type === "identified";
	const picture = person && card._hass.states[person]?.attributes.entity_picture;
	const details = known
		? [finger && card.finger(finger), confidence && card.text("confidence", { confidence })].filter(Boolean).join(" · ")
		: card._hass.formatEntityAttributeValue(touch, "reason");
	return h(
		`div.touch.${known ? "good" : "poor"}`,
		{ key: "touch" },
		known ? avatar(name, picture) : icon("mdi:fingerprint-off"),
		h("div.what", h("strong", touchSentence(card, touch)), h("span.minor", details)),
	);
}

/** @param {Card} card @param {State} touch @returns {string} */
function touchSentence(card, { attributes: { event_type, name } }) {
	return event_type === "identified" ? name : card.text(event_type === "unreadable" ? "unreadable" : "not_recognized");
}

// --- the card ---

class Card extends HTMLElement {
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
	/** @type {Listing | null} */
	listing = null;
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
	/** The newest change of the enrollment, and until when its end is news. */
	_enrollment = { updated: "", arrivedAt: 0, running: "", ended: "", newsUntil: 0 };
	/** @type {{seen: number | null, came: number}} `seen` is null until it looks, and what comes is new */
	_touch = { seen: null, came: 0 };
	/** @type {Hass["states"] | null} the states from before the connection was lost */
	_stale = null;
	_timer = 0;
	_root = this.attachShadow({ mode: "open" });

	/** @param {Config} config */
	setConfig(config) {
		if (typeof (config.device_id ?? "") !== "string") throw new TypeError("device_id: the id of a device is needed");
		if (config.device_id !== this._config.device_id) {
			this._view = { kind: "overview" };
			this._touch = { seen: null, came: 0 };
		}
		this._config = config;
		this.listing = null;
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
		this._touch.seen = null; // what happened while it did not look is not live
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
			this._stale = hass.states;
			this._touch.seen = null;
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
		if (hass.connected && reader.enrollment && reader.listed !== this._listed) void this._ask();
	}

	// What it knows

	/** @param {string} key @param {object} [values] */
	text(key, values) {
		return this._hass.localize(`${COMMON}.${key}`, values);
	}

	/** @param {string | null} finger */
	finger(finger) {
		return finger ? this._hass.localize(`component.${DOMAIN}.selector.finger.options.${finger}`) : this.text("no_finger");
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
			.map(({ entity_id: person, attributes: { friendly_name: name = person, entity_picture: picture } }) => ({ person, name, picture }))
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
		const { last_updated, attributes } = /** @type {State} */ (this.reader.enrollment);
		const end = Date.parse(attributes.expires_at);
		if (Number.isNaN(end)) return null;
		// By the clock of Home Assistant alone, unless the change was not seen as it came.
		const whole = end - Date.parse(last_updated);
		const { arrivedAt } = this._enrollment;
		const left = arrivedAt ? whole - (performance.now() - arrivedAt) : Math.min(whole, end - Date.now());
		return left > 0 || arrivedAt ? Math.max(0, Math.ceil(left / 1000)) : null;
	}

	/** The enrollment that runs, or the last one while its end is news. */
	get _current() {
		return this.reader.running ?? (performance.now() < this._enrollment.newsUntil ? this.reader.ended : null);
	}

	/** The last touch while it is news; it moves no form under somebody's finger. */
	get _liveTouch() {
		// By the clock that goes on while a tablet sleeps, and may be set back.
		const age = Date.now() - this._touch.came;
		return age >= 0 && age < TOUCH_MS && this._view.kind === "overview" && !this.reader.running ? this.reader.touch : null;
	}

	/** Notice what is new. @param {Reader} reader */
	_follow({ enrollment, running, ended, activity, touch }) {
		const known = this._enrollment;
		const id = enrollment?.attributes.template_id;
		if (enrollment && enrollment.last_updated !== known.updated) {
			known.arrivedAt = this._touch.seen === null ? 0 : performance.now();
			known.updated = enrollment.last_updated;
		}
		if (running && id !== known.running) {
			known.running = id;
			if (this._view.kind === "overview") this.error = "";
		}
		if (ended && id !== known.ended) {
			known.ended = id;
			// Not seen to end: Enrollment activity tells when that was, but not after a restart.
			const then = activity?.attributes.template_id === id && activity?.state;
			const age = known.running === id ? 0 : Math.abs(Date.now() - Date.parse(`${then}`));
			known.newsUntil = performance.now() + OUTCOME_MS - age;
		}
		// The first states after a lost connection tell what has been.
		if (!touch || !this.isConnected || !this._hass.connected || this._hass.states === this._stale) return;
		const { seen } = this._touch;
		const at = Date.parse(touch.state) || 0;
		if (seen !== null && at > seen) this._touch.came = Date.now();
		this._touch.seen = Math.max(seen ?? 0, at);
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
		if (listing && which && !all.some(({ slot, template_id }) => slot === which.slot && template_id === which.template_id)) this.go({ kind: "overview" });
		this.render();
	}

	// What the user does

	/** @param {View} view */
	go(view) {
		if (view.kind === "enroll") this.draft = { ...nothing(), person: this.persons[0] ? null : "" };
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
		this._enrollment.newsUntil = 0;
		this.go({ kind: "overview" });
	}

	/** @param {{name: string, person?: string | null, finger?: string | null}} whose */
	enroll({ name, person, finger }) {
		return this.act("enroll_fingerprint", { ...this.device, name, ...(person && { person }), ...(finger && { finger }) });
	}

	/** Only that: anything else may have been changed elsewhere meanwhile. */
	get changed() {
		return Object.fromEntries(Object.entries(this.draft).filter(([word, value]) => value !== Object(this._before)[word]));
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
		if (trouble) void this._ask();
	}

	/** @param {string} action @param {object} data @param {boolean} [answers] @returns {Promise<any>} */
	async _call(action, data, answers = false) {
		return (await this._hass.callService(DOMAIN, action, data, undefined, false, answers)).response;
	}

	/** @param {Refusal} refusal */
	async _explained({ message = this.text("not_done"), translation_domain: domain, translation_key: key, translation_placeholders: values }) {
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
		const { online, enrollment } = this.reader;
		const device = this._hass.devices[this._config.device_id ?? ""];
		const name = this._config.name || device?.name_by_user || device?.name;
		if (!enrollment || enrollment.state === "unavailable") return h("p.note", this.text(this._config.device_id ? "reader_gone" : "choose_reader"));
		const presence = online ? "online" : "offline";
		const touch = this._liveTouch;
		return [
			h("div.header", h("h2", `${name ?? ""}`), h(`span.presence.${presence}`, this.text(presence))),
			touch && liveTouch(this, touch),
			this._panel(),
		];
	}

	/** An enrollment interrupts nobody who is just changing something else. */
	_panel() {
		const view = this._view;
		if (view.kind === "edit") return editForm(this, view.which);
		if (view.kind === "delete") return deleteForm(this, view.which);
		const current = this._current;
		if (current) return enrollment(this, current);
		return view.kind === "enroll" && this.mayEnroll && this.reader.online ? enrollForm(this) : overview(this);
	}

	/** What a screen reader tells without being asked. */
	_said() {
		const touch = this._liveTouch;
		if (touch) return touchSentence(this, touch);
		const current = this._current;
		if (!current) return "";
		const { state, attributes } = current;
		const told = [heading, hint, sentence].map((part) => part(this, state, attributes));
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

const STYLE = `
:host { display: block; --back: var(--card-background-color); --dim: var(--secondary-text-color); --hue: var(--primary-color); --soft: color-mix(in srgb, var(--hue) 26%, transparent); }
.card { container-type: inline-size; padding: 16px; color: var(--primary-text-color); }
.unseen, .chip input, .finger input { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); }
.header, .row, .person, .touch, .actions, .chips, .chip, .main { display: flex; align-items: center; gap: 12px; }
h2, h3, h4, p, ul, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; overflow-wrap: anywhere; }
h2 { flex: 1; font-size: 1.4em; font-weight: 400; }
h3, h4, legend, .field > span, .hint, .main { font-size: 1em; font-weight: 500; }
h3 { font-size: 1.15em; outline: none; }
legend { padding: 0; margin-block-end: 8px; }
.minor { color: var(--dim); font-size: .9em; }
.presence::before { content: ""; display: inline-block; width: 10px; height: 10px; margin-inline-end: 6px; border-radius: 50%; background: var(--error-color); }
.presence.online::before { background: var(--success-color); }
.panel, .what, .field { display: flex; flex-direction: column; gap: 16px; }
.panel { margin-block-start: 12px; }
.note, .touch { padding: 12px; border-radius: 12px; border-inline-start: 4px solid var(--warning-color); background: var(--secondary-background-color); }
.error, .poor { border-color: var(--error-color); }
.good { border-color: var(--success-color); }
.touch { margin-block-start: 12px; }
.what { flex: 1; min-width: 0; gap: 0; overflow-wrap: anywhere; }
ul { list-style: none; }
.row { min-height: 48px; }
section { border-block-start: 1px solid var(--divider-color); padding-block-start: 12px; }
:is(.row, .person, .chip, .touch) > ha-icon { width: 40px; text-align: center; flex: none; color: var(--dim); }
.avatar, .sign { display: grid; place-items: center; }
.avatar { width: 40px; height: 40px; border-radius: 50%; object-fit: cover; flex: none; font-weight: 500; background: var(--soft); }
.mark { display: inline-block; margin-inline-start: 8px; padding: 1px 8px; border-radius: 8px; color: var(--primary-text-color); background: color-mix(in srgb, var(--warning-color) 30%, transparent); }
button, [type="text"] { font: inherit; color: inherit; min-height: 44px; }
button { cursor: pointer; padding: 8px 20px; border: 0; border-radius: 22px; background: var(--secondary-background-color); }
[aria-disabled] { cursor: default; opacity: .6; }
.main { justify-content: center; gap: 8px; background: var(--soft); }
.danger { background: color-mix(in srgb, var(--error-color) 22%, transparent); }
.plain { width: 44px; padding: 0; background: none; color: var(--dim); }
:is(button, .finger):hover { filter: brightness(.94); }
.actions { flex-wrap: wrap; justify-content: flex-end; }
.danger:first-child { margin-inline-end: auto; }
.field { gap: 4px; }
[type="text"] { padding: 8px 12px; border: 1px solid var(--dim); border-radius: 8px; background: var(--back); }
[type="checkbox"] { width: 24px; height: 24px; margin: 0; flex: none; accent-color: var(--hue); }
.chips { flex-wrap: wrap; gap: 8px; }
.chip { position: relative; gap: 8px; min-height: 44px; padding: 2px; padding-inline-end: 16px; border-radius: 24px; border: 2px solid var(--divider-color); cursor: pointer; }
.chip:has(:checked) { border-color: var(--hue); background: var(--soft); }
.hands { margin-block-end: 8px; direction: ltr; display: flex; justify-content: center; gap: 4%; }
.hands + p { text-align: center; }
.hand { position: relative; width: 48%; max-width: 190px; aspect-ratio: 1; }
.palm { top: 50%; height: 49%; width: 77%; border-radius: 18% 18% 42% 42%; background: color-mix(in srgb, var(--dim) 22%, transparent); }
.right .palm { right: 0; }
.finger { width: 18%; border-radius: 40px; cursor: pointer; text-align: center; padding-block-start: 4px; box-sizing: border-box; background: color-mix(in srgb, var(--dim) 35%, var(--back)); --mdc-icon-size: 18px; }
.enrolled { background: color-mix(in srgb, var(--hue) 55%, var(--back)); }
.finger:has(:checked) { background: var(--hue); outline: 2px solid var(--hue); outline-offset: 2px; z-index: 1; }
.little_finger { --at: 0%; top: 24%; height: 44%; }
.ring_finger { --at: 19.5%; top: 8%; height: 58%; }
.middle_finger { --at: 39%; top: 1%; height: 64%; }
.index_finger { --at: 58.5%; top: 9%; height: 57%; }
.thumb { --at: 73%; top: 45%; width: 20%; height: 46%; transform: rotate(var(--lean)); }
.left .finger { left: var(--at); --lean: 32deg; }
.right .finger { right: var(--at); --lean: -32deg; }
.enrollment { align-items: center; text-align: center; gap: 12px; }
.ring { position: relative; width: min(60%, 220px); aspect-ratio: 1; --mdc-icon-size: 72px; color: var(--hue); }
svg { width: 100%; height: 100%; transform: rotate(-90deg); }
.segment { fill: none; stroke-width: 9; stroke: var(--divider-color); transition: stroke .2s; }
.captured { stroke: currentColor; }
.current { stroke: color-mix(in srgb, currentColor 60%, transparent); animation: breathe 1.4s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .5; } }
.ring.completed { color: var(--success-color); }
.ring.failed { color: var(--error-color); }
.sign, .palm, .finger { position: absolute; }
.sign { inset: 0; }
.sentence { font-size: 1.5em; line-height: 1.25; }
.hint { min-height: 1.3em; }
:is(button, input):focus-visible, :is(.chip, .finger):has(:focus-visible) { outline: 3px solid var(--hue); outline-offset: 2px; }
@container (width < 340px) { .actions > * { flex: 1 1 100%; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;

// --- registration; a page may load this module twice, after an update in two versions

if (!customElements.get(TAG)) {
	customElements.define(TAG, Card);
	const home = () => /** @type {{hass?: Hass} | null} */ (document.querySelector("home-assistant"))?.hass;
	const { customCards = [] } = /** @type {{customCards?: object[]}} */ (window);
	Object.assign(window, { customCards });
	customCards.push({
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
	});
}
