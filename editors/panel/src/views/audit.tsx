// The permanent lines about decisions: who, from where, when, after how long,
// what, old and new limit, comment.

import type { JSX } from "preact";
import { Icon } from "../parts/icons";
import type { RunModel } from "../state/model";
import { clock, duration } from "../text/format";

/** Decisions that are shown; older ones are in the log. */
const SHOWN = 30;

/** The decisions of a run, newest first. */
export function Audit({ model }: { readonly model: RunModel }): JSX.Element | null {
  if (model.audit.length === 0) return null;
  const entries = model.audit.slice(-SHOWN).reverse();
  return (
    <section class="audit" aria-labelledby="audit-title">
      <h2 id="audit-title">Decisions</h2>
      <ol>
        {entries.map((entry) => (
          <li key={entry.seq}>
            <Icon name="history" />
            <span>
              {entry.by !== "" && <strong>{entry.surface !== "policy" ? entry.by : entry.by.startsWith("run ") ? `R${entry.by.slice(1)}` : `The policy ${entry.by}`}</strong>} {entry.by === "" || entry.surface === "policy" ? "" : `in ${entry.surface} `}{entry.what}
              {entry.newLimit !== null && entry.oldLimit !== null && entry.newLimit !== entry.oldLimit && `; limit ${entry.oldLimit} to ${entry.newLimit}`}
              <span class="audit-when">{clock(entry.at)}{entry.waited === null ? "" : `, waited ${duration(entry.waited)}`}</span>
              {entry.comment !== null && entry.comment !== "" && <q>{entry.comment}</q>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
