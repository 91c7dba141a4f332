import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';

interface Span {
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
}

const overscan = 8;

/** Which rows of equal height are to be drawn in a box that scrolls; the others cost nothing. */
export function useVirtualRows(
  box: RefObject<HTMLElement | null>,
  { rows, rowHeight }: { readonly rows: number; readonly rowHeight: number },
): Span {
  const [span, setSpan] = useState<Span>({ first: 0, end: Math.min(rows, 40) });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - overscan);
      const shown = Math.ceil(element.clientHeight / rowHeight) + 2 * overscan;
      const end = Math.min(rows, first + shown);
      setSpan((now) => (now.first === first && now.end === end ? now : { first, end }));
    };
    measure();
    element.addEventListener('scroll', measure, { passive: true });
    const sized = new ResizeObserver(measure);
    sized.observe(element);
    return () => {
      element.removeEventListener('scroll', measure);
      sized.disconnect();
    };
  }, [box, rows, rowHeight]);
  // Fewer rows than before: what was scrolled to may be gone.
  useEffect(() => {
    const element = box.current;
    if (element !== null && element.scrollTop > rows * rowHeight) element.scrollTop = 0;
  }, [box, rows, rowHeight]);
  return span;
}
