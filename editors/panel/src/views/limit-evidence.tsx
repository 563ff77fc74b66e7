// The evidence of an iteration limit: the cycle and what each round said.

import type { JSX } from "preact";
import { Icon } from "../parts/icons";
import { limitEvidence } from "../protocol/gates";
import type { OpenGate, RunModel } from "../state/model";
import { roundCost, roundRows } from "../state/summary";
import { duration } from "../text/format";

/** Rounds that are shown; older ones are named by their number only. */
const ROWS = 5;

/** Cycle, verdicts, time per round. */
export function LimitEvidenceTable({ model, open }: { readonly model: RunModel; readonly open: OpenGate }): JSX.Element | null {
  const evidence = limitEvidence(open.gate);
  if (evidence === null) return null;
  const rows = roundRows(model, open.frame, open.gate);
  const shown = rows.slice(-ROWS);
  const cost = roundCost(model, open.frame, open.gate);
  const withScore = shown.some((row) => row.score !== null);
  const withFlag = shown.some((row) => row.flag !== null);
  const withTime = shown.some((row) => row.elapsed !== null);
  return (
    <div class="evidence">
      {evidence.cycle !== null && evidence.cycle !== undefined ? (
        <p class="cycle">
          <Icon name="loop" />
          <span>Repeats <strong>{evidence.cycle.steps.join(" > ")}</strong> ×{evidence.cycle.rounds}{cost?.elapsed === null || cost === null ? "" : `, ${duration(cost.elapsed)} a round`}</span>
        </p>
      ) : evidence.agent_history.length > 0 ? (
        <p class="cycle"><Icon name="history" /><span>Last steps: {evidence.agent_history.join(" > ")}</span></p>
      ) : null}
      {evidence.possible_loop && evidence.cycle === null && <p class="cycle"><Icon name="loop" /><span>The last three steps were at most two different ones: this may be a loop.</span></p>}
      {shown.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label="What each round said">
          <table>
            <thead>
              <tr>
                <th scope="col">Round</th>
                {withScore && <th scope="col">Score</th>}
                {withFlag && <th scope="col">Passed</th>}
                <th scope="col">{rows[0]?.step ?? "Output"}</th>
                {withTime && <th scope="col">Time</th>}
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <tr key={`${row.step} ${row.round}`}>
                  <td>{row.round}</td>
                  {withScore && <td class="number">{row.score ?? ""}</td>}
                  {withFlag && <td>{row.flag === null ? "" : row.flag ? "yes" : "no"}</td>}
                  <td class="feedback">{row.feedback ?? ""}{row.changed === false && <> <span class="unchanged">unchanged</span></>}</td>
                  {withTime && <td class="number">{row.elapsed === null ? "" : duration(row.elapsed)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > shown.length && <p class="field-hint">{rows.length - shown.length} earlier rounds are in the log.</p>}
        </div>
      )}
    </div>
  );
}
