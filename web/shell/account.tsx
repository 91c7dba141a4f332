import { type ReactNode, useEffect } from 'react';
import { call, isLoginWanted } from '../data/api.ts';
import { meKey, useMe, viewerReason } from '../data/me.ts';
import { queryClient } from '../data/queries.ts';
import { BrandMark } from '../parts/brand-mark.tsx';
import { Icon } from '../parts/icon.tsx';
import { useNotices } from '../parts/notices.tsx';
import { Login } from '../views/login/login.tsx';

/** Shows the page to who may see it, and the login to who may not. */
export function Account({ children }: { readonly children: ReactNode }) {
  const { error, isPending, refetch } = useMe();
  // Any answer may say that the login is over; then `/me` says so too.
  useEffect(
    () =>
      queryClient.getQueryCache().subscribe(({ query, type }) => {
        const isOver = type === 'updated' && isLoginWanted(query.state.error);
        if (isOver && query.queryKey[0] !== meKey[0]) void refetch();
      }),
    [refetch],
  );
  if (isPending) return null;
  if (!isLoginWanted(error)) return children;
  return (
    <main className="login-page">
      <h1 className="brand">
        <BrandMark />
        Lockstep
      </h1>
      <Login
        title="Log in to Lockstep"
        path="/login"
        nameField="name"
        hint="With an account of the balancer (http.users)."
        onDone={() => void queryClient.invalidateQueries()}
      />
    </main>
  );
}

/** At the foot of the navigation: who is logged in, and the way out. */
export function AccountNote() {
  const { data: me } = useMe();
  const notices = useNotices();
  if (me === undefined || me.open) return null;
  const logout = async () => {
    try {
      await call('POST', '/logout');
      await queryClient.invalidateQueries();
    } catch (error) {
      notices.failed('Log out', error);
    }
  };
  return (
    <div className="account">
      <span>
        {me.name}{' '}
        <span className="muted" title={me.role === 'viewer' ? viewerReason : undefined}>
          {me.role === 'viewer' ? 'viewer, read only' : me.role}
        </span>
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label="Log out"
        onClick={() => void logout()}
      >
        <Icon name="exit" size={14} />
      </button>
    </div>
  );
}
