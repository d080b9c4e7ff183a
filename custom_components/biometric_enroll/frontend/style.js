// @ts-check
/**
 * How the card looks. Old browsers skip what they do not know: what `:has`, `color-mix` and container
 * queries do is either not missed, or done without them first.
 */

export const STYLE = `
:host {
  display: block;
  --back: var(--card-background-color);
  --dim: var(--secondary-text-color);
  --hue: var(--primary-color);
  --soft: rgba(var(--rgb-primary-color), .26);
  --caution: rgba(var(--rgb-warning-color), .3);
  --alarm: rgba(var(--rgb-error-color), .22);
  --palm: var(--divider-color);
  --skin: var(--disabled-text-color);
  --known: var(--light-primary-color);
}
@supports (color: color-mix(in srgb, red, blue)) {
  :host {
    --soft: color-mix(in srgb, var(--hue) 26%, transparent);
    --caution: color-mix(in srgb, var(--warning-color) 30%, transparent);
    --alarm: color-mix(in srgb, var(--error-color) 22%, transparent);
    --palm: color-mix(in srgb, var(--dim) 22%, transparent);
    --skin: color-mix(in srgb, var(--dim) 35%, var(--back));
    --known: color-mix(in srgb, var(--hue) 55%, var(--back));
  }
}
.card { container-type: inline-size; padding: 16px; color: var(--primary-text-color); }
.unseen, .chip input, .finger input {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
}
.header, .row, .person, .last, .actions, .chips, .chip, .main { display: flex; align-items: center; gap: 12px; }
h2, h3, h4, p, ul, fieldset { margin: 0; padding: 0; border: 0; min-width: 0; overflow-wrap: anywhere; }
h2 { flex: 1; font-size: 1.4em; font-weight: 400; }
h3, h4, legend, .field > span, .hint, .main { font-size: 1em; font-weight: 500; }
h3 { font-size: 1.15em; outline: none; }
legend { padding: 0; margin-block-end: 8px; }
.minor { color: var(--dim); font-size: .9em; }
.presence::before {
  content: ""; display: inline-block; width: 10px; height: 10px; margin-inline-end: 6px; border-radius: 50%;
  background: var(--error-color);
}
.presence.online::before { background: var(--success-color); }
.panel, .what, .field { display: flex; flex-direction: column; gap: 16px; }
.panel { margin-block-start: 12px; }
.note, .touch { background: var(--secondary-background-color); }
.note { padding: 12px; border-radius: 12px; border-inline-start: 4px solid var(--warning-color); }
/* As high for a touch, with two lines of details, as without one; from one edge of the card to the other. */
.last {
  min-height: 80px; box-sizing: border-box; margin-inline: -16px; padding: 8px 16px; padding-inline-start: 12px;
  border-inline-start: 4px solid transparent; line-height: 1.4; transition: background .2s, border-color .2s;
}
.last > .what > * { overflow: hidden; text-overflow: ellipsis; }
.name { white-space: nowrap; }
.last .minor { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.error, .poor { border-color: var(--error-color); }
.good { border-color: var(--success-color); }
.what { flex: 1; min-width: 0; gap: 0; overflow-wrap: anywhere; }
ul { list-style: none; }
.row { min-height: 48px; }
section { border-block-start: 1px solid var(--divider-color); padding-block-start: 12px; }
:is(.row, .person, .chip, .last) > ha-icon { width: 40px; text-align: center; flex: none; color: var(--dim); }
.avatar, .sign { display: grid; place-items: center; }
.avatar {
  width: 40px; height: 40px; border-radius: 50%; object-fit: cover; flex: none; font-weight: 500;
  background: var(--soft);
}
.mark {
  display: inline-block; margin-inline-start: 8px; padding: 1px 8px; border-radius: 8px;
  color: var(--primary-text-color); background: var(--caution);
}
button, [type="text"] { font: inherit; color: inherit; min-height: 44px; }
button {
  cursor: pointer; padding: 8px 20px; border: 0; border-radius: 22px; background: var(--secondary-background-color);
}
[aria-disabled] { cursor: default; opacity: .6; }
.main { justify-content: center; gap: 8px; background: var(--soft); }
.danger { background: var(--alarm); }
.plain { width: 44px; padding: 0; background: none; color: var(--dim); }
:is(button, .finger):hover { filter: brightness(.94); }
.actions { flex-wrap: wrap; justify-content: flex-end; }
.danger:first-child { margin-inline-end: auto; }
.field { gap: 4px; }
[type="text"] { padding: 8px 12px; border: 1px solid var(--dim); border-radius: 8px; background: var(--back); }
[type="checkbox"] { width: 24px; height: 24px; margin: 0; flex: none; accent-color: var(--hue); }
.chips { flex-wrap: wrap; gap: 8px; }
.chip {
  position: relative; gap: 8px; min-height: 44px; padding: 2px; padding-inline-end: 16px; border-radius: 24px;
  border: 2px solid var(--divider-color); cursor: pointer;
}
.chip.chosen { border-color: var(--hue); background: var(--soft); }
.hands { margin-block-end: 8px; direction: ltr; display: flex; justify-content: center; gap: 4%; }
.hands + p { text-align: center; }
.hand { position: relative; width: 48%; max-width: 190px; aspect-ratio: 1; }
.palm { top: 50%; height: 49%; width: 77%; border-radius: 18% 18% 42% 42%; background: var(--palm); }
.right .palm { right: 0; }
.finger {
  width: 18%; border-radius: 40px; cursor: pointer; text-align: center; padding-block-start: 4px;
  box-sizing: border-box; background: var(--skin); --mdc-icon-size: 18px;
}
.enrolled { background: var(--known); }
.finger.chosen { background: var(--hue); outline: 2px solid var(--hue); outline-offset: 2px; z-index: 1; }
.little_finger { --at: 0%; top: 24%; height: 44%; }
.ring_finger { --at: 19.5%; top: 8%; height: 58%; }
.middle_finger { --at: 39%; top: 1%; height: 64%; }
.index_finger { --at: 58.5%; top: 9%; height: 57%; }
.thumb { --at: 73%; top: 45%; width: 20%; height: 46%; transform: rotate(var(--lean)); }
.left .finger { left: var(--at); --lean: 32deg; }
.right .finger { right: var(--at); --lean: -32deg; }
.enrollment { align-items: center; text-align: center; gap: 12px; }
.enrollment > * { max-width: 100%; }
.ring {
  position: relative; width: min(60%, 220px); aspect-ratio: 1; --mdc-icon-size: 72px; color: var(--hue);
  transition: color .2s;
}
.face, svg { width: 100%; height: 100%; }
svg { transform: rotate(-90deg); }
.segment { fill: none; stroke-width: 9; stroke: var(--divider-color); transition: stroke .2s; }
.captured { stroke: currentColor; }
.current { stroke: currentColor; stroke-opacity: .6; animation: breathe 1.4s ease-in-out infinite alternate; }
@keyframes breathe { to { opacity: .5; } }
.ring.completed { color: var(--success-color); }
.ring.failed, .ring.rejected { color: var(--error-color); }
.rejected .captured { stroke: var(--hue); }
.rejected .current { stroke-opacity: 1; animation: none; }
.rejected .face { animation: shake .5s; }
@keyframes shake {
  20%, 60% { transform: translateX(-8%); }
  40%, 80% { transform: translateX(8%); }
}
.sign, .palm, .finger { position: absolute; }
.sign { inset: 0; }
.sentence { font-size: 1.5em; line-height: 1.25; }
.time { min-height: 1.5em; }
.hint strong { --mdc-icon-size: 20px; color: var(--error-color); }
/* The text, above the longest that may stand here: that one is not to be seen. */
.room { display: grid; align-items: center; }
.room > span, .room::after { grid-area: 1 / 1; }
.room::after { content: attr(data-longest); visibility: hidden; }
:is(button, input):focus-visible { outline: 3px solid var(--hue); outline-offset: 2px; }
:is(.chip, .finger):has(:focus-visible) { outline: 3px solid var(--hue); outline-offset: 2px; }
@supports not selector(:has(a)) {
  :is(.chip, .finger):focus-within { outline: 3px solid var(--hue); outline-offset: 2px; }
}
@container (width < 340px) { .actions > * { flex: 1 1 100%; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
