// A list of which only the visible rows exist. Rows have one fixed height.

import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";
import type { HTMLAttributes, JSX } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

/** What a virtual list is given. */
export interface VirtualListProps {
  readonly count: number;
  readonly rowHeight: number;
  readonly row: (index: number) => JSX.Element;
  /** Keeps the end in view while the reader is at the end. */
  readonly stickToEnd?: boolean;
  /** Brings a row into view whenever this changes to another number. */
  readonly reveal?: number | null;
  readonly class: string;
  readonly attributes?: HTMLAttributes<HTMLDivElement>;
}

/** How near to the end counts as "at the end", in rows. */
const NEAR = 2;

/** A list of which only the visible rows exist. */
export function VirtualList(props: VirtualListProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const options = {
    count: props.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => props.rowHeight,
    overscan: 6,
    initialRect: { width: 400, height: 400 },
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => rerender(undefined),
  };
  const [virtual] = useState(() => new Virtualizer<HTMLDivElement, HTMLDivElement>(options));
  virtual.setOptions(options);
  useEffect(() => virtual._didMount(), [virtual]);
  useLayoutEffect(() => virtual._willUpdate());
  useLayoutEffect(() => {
    const element = scroller.current;
    if (props.stickToEnd === true && atEnd.current && element !== null && props.count > 0) element.scrollTop = element.scrollHeight;
  }, [props.count, props.stickToEnd]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || props.reveal === undefined || props.reveal === null || props.reveal < 0) return;
    // Rows have one height, so the place is known: no search over several frames.
    const top = props.reveal * props.rowHeight;
    const bottom = top + props.rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  }, [props.reveal, props.rowHeight]);
  return (
    <div
      {...props.attributes}
      ref={scroller}
      class={`virtual ${props.class}`}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR * props.rowHeight;
      }}
    >
      <div class="virtual-space" role="presentation" style={{ height: `${virtual.getTotalSize()}px` }}>
        {virtual.getVirtualItems().map((item) => (
          <div key={item.index} class="virtual-row" role="presentation" style={{ top: `${item.start}px`, height: `${props.rowHeight}px` }}>
            {props.row(item.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
