/** What the card is given and keeps. Only `scripts/lint` reads this; no browser is served it. */

export type Attributes = Record<string, any>;

export interface State {
  entity_id: string;
  state: string;
  attributes: Attributes;
  last_changed: string;
  last_updated: string;
}

export type Localize = (key: string, values?: object) => string;

/** What Home Assistant gives to every card, as far as this one uses it. */
export interface Hass {
  states: Record<string, State>;
  entities: Record<string, { entity_id: string; device_id?: string; platform?: string; translation_key?: string }>;
  devices: Record<string, { name?: string | null; name_by_user?: string | null }>;
  connected: boolean;
  language: string;
  locale: { language: string };
  user?: { is_admin: boolean };
  localize: Localize;
  loadBackendTranslation(category: string, integration: string): Promise<Localize>;
  formatEntityAttributeValue(state: State, attribute: string): string;
  callService(
    domain: string,
    service: string,
    data: object,
    target: undefined,
    notifyOnError: boolean,
    returnResponse: boolean,
  ): Promise<{ response?: any }>;
}

/** How Home Assistant refuses an action. */
export interface Refusal {
  message?: string;
  translation_domain?: string;
  translation_key?: string;
  translation_placeholders?: Record<string, string>;
}

/** The configuration of a card. */
export interface Config {
  device_id?: string;
  name?: string;
}

/** A stored template that is known by name; where it is stored, only administrators are told. */
export interface Fingerprint {
  name: string;
  person: string | null;
  finger: string | null;
  enabled: boolean;
  missing: boolean;
  last_identified_at: string | null;
  slot?: number;
  template_id?: string;
}

/** A stored template that nobody knows by name. */
export interface Unnamed {
  slot: number;
  template_id: string | null;
}

export interface Group {
  name: string;
  person: string | null;
  picture: string | null;
  fingerprints: Fingerprint[];
}

/** What the action get_fingerprints answers. */
export interface Listing {
  fingerprints: Fingerprint[];
  people: Group[];
  unnamed?: Unnamed[];
  may_enroll: boolean;
}

/** What is entered into a form; nothing is an empty text. */
export interface Draft {
  name: string;
  /** null: not chosen yet; empty: nobody whom Home Assistant knows. */
  person: string | null;
  finger: string;
  enabled: boolean;
}

export type View =
  | { kind: "overview" }
  | { kind: "enroll"; whose?: Partial<Draft> }
  | { kind: "edit" | "delete"; which: Fingerprint | Unnamed };

/** An element that is to be. */
export interface Tree {
  tag: string;
  props: Record<string, any>;
  children: Child[];
}

export type Child = Tree | string;

/** What a tree may be made of. */
export type Growth = Child | null | undefined | false | Growth[];

/** What is said of an enrollment in words, if there is something to say. */
export type Told<Card> = (card: Card, stage: string, attributes: Attributes) => string | false;
