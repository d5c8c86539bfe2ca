// One segment in the text. The first of a turn carries the author's name for all of them.
import type { Segment } from '@onering/sdk';

import { h } from '../dom.js';
import { count, when, whenExactly } from '../words.js';
import { badge } from './marks.js';

export interface SegmentRow {
  readonly segment: Segment;
  readonly opens: boolean; // a turn
  readonly colour: string;
}

export function rowKey(row: SegmentRow): string {
  return row.segment.id;
}

export function drawRow(row: SegmentRow): HTMLElement {
  const { segment, opens, colour } = row;
  const classes = ['segment', colour, opens && 'segment-opens', segment.pending && 'segment-is-pending'];
  return h(
    'li',
    { class: classes.filter(Boolean).join(' '), 'data-position': segment.position },
    opens ? turnLine(row) : h('p', { class: 'segment-more' }, h('span', { class: 'visually-hidden' }, segment.author), stamp(segment)),
    segment.redacted
      ? h('p', { class: 'segment-text segment-erased' }, 'This segment was erased.')
      : h('p', { class: 'segment-text' }, segment.text),
  );
}

function turnLine({ segment, colour }: SegmentRow): HTMLElement {
  return h(
    'p',
    { class: 'segment-turn' },
    badge(segment.author, colour),
    h('span', { class: 'segment-author' }, segment.author),
    h('span', { class: 'segment-epoch' }, `turn ${count(segment.epoch)}`),
    stamp(segment),
  );
}

function stamp(segment: Segment): HTMLElement {
  const at = segment.acceptedAt ?? segment.authoredAt;
  return h('time', { class: 'segment-time', datetime: new Date(at).toISOString(), title: whenExactly(at) }, when(at));
}
