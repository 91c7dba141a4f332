import { createContext, type ReactNode, use, useEffect, useRef, useState } from 'react';
import { useSyncExternalStore } from 'react';
import { EventFeed, type FeedState } from './event-feed.ts';
import { queryClient, useStatus } from './queries.ts';
import { type Rates, RateWatch } from './rates.ts';

const noRates: Rates = { readsPerSecond: 0, writesPerSecond: 0, nodes: {} };

const FeedContext = createContext<EventFeed | undefined>(undefined);
const RatesContext = createContext<Rates>(noRates);

/** The one place where events and status come in; every view reads them from here. */
export function Live({ children }: { readonly children: ReactNode }) {
  const [feed] = useState(() => new EventFeed());
  useEffect(() => {
    void feed.run();
    const wake = () => feed.hurry();
    window.addEventListener('online', wake);
    document.addEventListener('visibilitychange', wake);
    const stop = feed.subscribe(refreshSoon(feed));
    return () => {
      stop();
      window.removeEventListener('online', wake);
      document.removeEventListener('visibilitychange', wake);
      feed.end();
    };
  }, [feed]);
  return (
    <FeedContext value={feed}>
      <WithRates>{children}</WithRates>
    </FeedContext>
  );
}

const soonMs = 150;
/** However many events come. */
const refreshMs = 750;

/** An event means that the status has changed; many at once ask for it once. */
function refreshSoon(feed: EventFeed): () => void {
  let told = feed.snapshot();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastMs = -refreshMs;
  return () => {
    const before = told;
    told = feed.snapshot();
    if (before.events === told.events && before.connection === told.connection) return;
    if (told.connection.kind !== 'open') return;
    const waitMs = Math.max(soonMs, lastMs + refreshMs - performance.now());
    timer ??= setTimeout(() => {
      timer = undefined;
      lastMs = performance.now();
      for (const queryKey of [['/status'], ['/demo/nodes'], ['/strategy']]) {
        void queryClient.invalidateQueries({ queryKey });
      }
    }, waitMs);
  };
}

function WithRates({ children }: { readonly children: ReactNode }) {
  const { data, dataUpdatedAt } = useStatus();
  const watch = useRef(new RateWatch());
  const [rates, setRates] = useState(noRates);
  useEffect(() => {
    if (data !== undefined) setRates(watch.current.add(data, dataUpdatedAt));
  }, [data, dataUpdatedAt]);
  return <RatesContext value={rates}>{children}</RatesContext>;
}

export const useRates = (): Rates => use(RatesContext);

/** What `part` makes of the events: renders again only when that is another value. */
export function useFeedPart<Part>(part: (state: FeedState) => Part): Part {
  const feed = use(FeedContext);
  if (feed === undefined) throw new Error('there is no feed of events around this');
  return useSyncExternalStore(feed.subscribe, () => part(feed.snapshot()));
}

/** Renders again with every event that comes. */
export const useFeed = (): FeedState => useFeedPart((state) => state);

/** The connection alone. */
export const useConnection = (): FeedState['connection'] =>
  useFeedPart(({ connection }) => connection);

/** The time, told anew every second or so. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
