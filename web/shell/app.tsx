import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode, Suspense, useEffect, useRef } from 'react';
import { Live } from '../data/live.tsx';
import { queryClient } from '../data/queries.ts';
import { AskProvider } from '../parts/confirm.tsx';
import { ErrorBoundary } from '../parts/error-boundary.tsx';
import { NoticesProvider } from '../parts/notices.tsx';
import { Empty, Loading } from '../parts/panel.tsx';
import { Account } from './account.tsx';
import { Navigation } from './navigation.tsx';
import { hrefOf, useRoute } from './route.ts';
import { StatusLine } from './status-line.tsx';
import { views } from './views.ts';

export function App() {
  return (
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <NoticesProvider>
          <AskProvider>
            <Account>
              <Live>
                <Frame />
              </Live>
            </Account>
          </AskProvider>
        </NoticesProvider>
      </QueryClientProvider>
    </StrictMode>
  );
}

function Frame() {
  const route = useRoute();
  const view = views.find(({ name }) => name === route.view);
  const main = useRef<HTMLElement>(null);
  const title = view?.title ?? 'Not found';
  useEffect(() => {
    document.title = `${title} · Lockstep`;
    main.current?.scrollTo(0, 0);
  }, [title]);
  return (
    <div className="frame">
      <a className="skip" href="#main" onClick={(event) => focusMain(event, main.current)}>
        Skip to content
      </a>
      <Navigation current={route.view} />
      <div className="body">
        <header>
          <StatusLine />
        </header>
        <main id="main" ref={main} tabIndex={-1}>
          <h1 className="view-title">{title}</h1>
          <ErrorBoundary resetKey={route.view}>
            <Suspense fallback={<Loading what={title.toLowerCase()} />}>
              {view === undefined ? <NotFound /> : <view.Body />}
            </Suspense>
          </ErrorBoundary>
        </main>
      </div>
    </div>
  );
}

/** The part behind `#` belongs to the route, so the link must not change it. */
function focusMain(event: { preventDefault(): void }, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function NotFound() {
  return (
    <Empty icon="search" title="There is no such view">
      <a href={hrefOf('overview')}>To the overview</a>
    </Empty>
  );
}
