// Carries what somebody wrote in one copy of a text over to another copy that has moved on meanwhile: nothing that was written is
// lost, nothing comes twice, and the cursor stays at its words.
import { Fragment, Slice } from "@tiptap/pm/model";
import { AllSelection, TextSelection } from "@tiptap/pm/state";
import { ReplaceStep, StepMap, Transform } from "@tiptap/pm/transform";

// The one range in which two texts differ: `from` to `to` of the old one is `from` to `until` of the new one.
function change(old, now) {
  const from = old.content.findDiffStart(now.content);
  if (from === null) return null;
  const { a, b } = old.content.findDiffEnd(now.content);
  const overlap = Math.max(0, from - Math.min(a, b));
  return { from, to: a + overlap, until: b + overlap };
}

const blank = (doc) => !doc.textContent && doc.childCount < 2 && (doc.firstChild?.isTextblock ?? true) && !doc.firstChild?.childCount;
const trailing = (doc) => doc.lastChild?.type.name === "paragraph" && !doc.lastChild.childCount;

// The editor puts an empty paragraph behind a list or a table as soon as somebody comes: that is nothing they wrote.
const levelled = (base, mine) => (trailing(mine) && !trailing(base) ? base.copy(base.content.addToEnd(mine.lastChild)) : base);

// How much is in a range: signs, pictures and the like.
function amount(node, from = 0, to = node.content.size) {
  let sum = 0;
  node.nodesBetween(from, to, (one, at) => {
    if (one.isText) sum += Math.min(to, at + one.nodeSize) - Math.max(from, at);
    else if (one.isAtom && !one.isTextblock) sum += 1;
  });
  return sum;
}

// What stands in the place of a range then; undefined where something would not fit in.
function tried(doc, from, to, slice) {
  const exact = new Transform(doc);
  if (!exact.maybeStep(new ReplaceStep(from, to, slice)).failed) return exact.steps;
  const fitted = new Transform(doc).replace(from, to, slice);
  const added = amount(doc.type.create(null, slice.content));
  return amount(fitted.doc) === amount(doc) - amount(doc, from, to) + added ? fitted.steps : undefined;
}

// At its own place, where the others left that as it was; else undefined.
function inPlace(tr, base, mine, theirs, slice) {
  if (theirs && blank(base)) return undefined;
  let shift = 0;
  if (theirs && mine.from >= theirs.to) shift = theirs.until - theirs.to;
  else if (theirs && mine.to > theirs.from) return undefined;
  const steps = tried(tr.doc, mine.from + shift, mine.to + shift, slice);
  steps?.forEach((step) => tr.step(step));
  return steps && mine.from + shift;
}

// At the end, in paragraphs of its own.
function atEnd(tr, slice) {
  const end = tr.doc.content.size;
  const { paragraph } = tr.doc.type.schema.nodes;
  const inline = slice.content.firstChild.isInline;
  const whole = new Slice(inline ? Fragment.from(paragraph.create(null, slice.content)) : slice.content, 0, 0);
  const steps = tried(tr.doc, end, end, whole);
  if (steps) steps.forEach((step) => tr.step(step));
  else tr.insert(end, paragraph.create(null, tr.doc.type.schema.text(slice.content.textBetween(0, slice.content.size, " "))));
  return end + (inline ? 1 : slice.openStart);
}

// Put into the text of `tr` what leads from `base` to `mine` (all of one schema). Returns where a position of `mine` is now.
export function carry(tr, base, mine) {
  if (mine.eq(tr.doc)) return (position) => position;
  const ground = levelled(base, mine);
  const theirs = change(ground, tr.doc);
  const ours = change(ground, mine);
  const map = theirs ? new StepMap([theirs.from, theirs.to - theirs.from, theirs.until - theirs.from]) : StepMap.empty;
  if (!ours) return (position) => map.map(position);
  const slice = mine.slice(ours.from, ours.until);
  let at = inPlace(tr, ground, ours, theirs, slice);
  if (at === undefined && slice.size) at = atEnd(tr, slice);
  return (position) => {
    if (at !== undefined && position >= ours.from && position <= ours.until) return at + position - ours.from;
    return tr.mapping.map(map.map(position < ours.from ? position : Math.max(ours.from, position - ours.until + ours.to)));
  };
}

// From an editor that is gone (its last state, and the text it began with) into the view that stands in its place.
export function carryOver(view, base, { doc, selection }) {
  const { tr, schema } = view.state;
  const here = (node) => schema.nodeFromJSON(node.toJSON());
  const place = carry(tr, here(base), here(doc));
  const within = (position) => tr.doc.resolve(Math.min(Math.max(place(position), 0), tr.doc.content.size));
  tr.setSelection(selection instanceof AllSelection ? new AllSelection(tr.doc) : TextSelection.between(within(selection.anchor), within(selection.head)));
  view.dispatch(tr);
}
