import type { ComponentProps } from 'react';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps extends ComponentProps<'button'> {
  readonly tone?: 'plain' | 'primary' | 'danger';
  readonly small?: boolean;
  readonly icon?: IconName;
}

/** A button with words, and an icon before them where one helps. */
export function Button({ tone = 'plain', small, icon, children, ...others }: ButtonProps) {
  const looks = ['button', ...(tone === 'plain' ? [] : [tone]), ...(small ? ['small'] : [])];
  return (
    <button type="button" {...others} className={looks.join(' ')}>
      {icon === undefined ? null : <Icon name={icon} size={14} />}
      {children}
    </button>
  );
}
