// The first page: what this is, and by which name one comes in.
import { h, newId, setText, svg } from '../dom.js';
import { faultOfName, rememberedNames } from '../session.js';
import { ringMark } from './marks.js';

export function signIn(problem = ''): HTMLElement {
  const [id, faultId] = [newId('name'), newId('fault')];
  const fault = h('p', { id: faultId, class: 'composer-fault', role: 'alert' }, problem);
  const name = h('input', { id, name: 'user', class: 'field', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true, 'aria-describedby': faultId });
  const check = (event: SubmitEvent): void => {
    const problem = faultOfName(name.value.trim());
    setText(fault, problem ?? '');
    if (problem !== null) event.preventDefault();
  };
  return h(
    'main',
    { class: 'landing' },
    h(
      'div',
      { class: 'landing-words' },
      h('p', { class: 'brand' }, ringMark(), h('span', { class: 'brand-name' }, 'OneRing')),
      h('h1', { class: 'landing-title' }, 'Write together, in turns.'),
      h('p', { class: 'landing-lead' }, 'A draft has one ring. Whoever holds it writes; the others read along until it is passed to them. So you can take it with you, write offline for days, and nothing ever has to be merged.'),
      h(
        'form',
        { class: 'landing-form', method: 'get', action: `./${location.hash}`, onsubmit: check },
        h('label', { for: id, class: 'field-label' }, 'Your name'),
        h('div', { class: 'landing-fields' }, name, h('button', { type: 'submit', class: 'button primary' }, 'Come in')),
        fault,
      ),
      names(),
      h('p', { class: 'field-hint' }, 'This server is in development mode: it believes the name you give. Open a second window under another name to pass the ring between the two.'),
    ),
    picture(),
  );
}

function names(): HTMLElement | null {
  const known = rememberedNames();
  if (known.length === 0) return null;
  return h('p', { class: 'landing-names' }, 'Again as ', ...known.map((user) => h('a', { class: 'button small', href: `?${new URLSearchParams({ user })}${location.hash}` }, user)));
}

function picture(): SVGSVGElement {
  const centre = 200;
  const seats = [0, 1, 2, 3, 4].map((i) => {
    const turn = ((i * 72 - 90) * Math.PI) / 180;
    return svg('circle', { class: `landing-seat author-${(i * 3) % 8}`, cx: centre + 140 * Math.cos(turn), cy: centre + 140 * Math.sin(turn), r: 22 });
  });
  return svg(
    'svg',
    { class: 'landing-picture', viewBox: '0 0 400 400', 'aria-hidden': 'true' },
    svg('circle', { class: 'ring-orbit', cx: centre, cy: centre, r: 140 }),
    ...seats,
    svg('g', { class: 'landing-carrier' }, svg('circle', { class: 'carried-ring', cx: centre, cy: centre - 140, r: 35 })),
  );
}
