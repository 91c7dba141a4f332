import { useState } from 'react';
import { Icon, type IconName } from '../parts/icon.tsx';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const icons: Readonly<Record<Theme, IconName>> = { system: 'screen', light: 'sun', dark: 'moon' };
const key = 'lockstep.theme';

function kept(): Theme {
  const theme = localStorage.getItem(key);
  return themes.find((one) => one === theme) ?? 'system';
}

/** Before the first paint, so that nothing flashes. */
export function applyTheme(theme: Theme = kept()): void {
  document.documentElement.dataset['theme'] = theme;
  window.dispatchEvent(new Event('themechange'));
}

/** From the system, unless one was chosen here. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(kept);
  const choose = (chosen: Theme) => {
    localStorage.setItem(key, chosen);
    applyTheme(chosen);
    setTheme(chosen);
  };
  return (
    <div className="segments" role="radiogroup" aria-label="Theme">
      {themes.map((one) => (
        <label key={one} className="segment" title={`Theme: ${one}`}>
          <input
            type="radio"
            name="theme"
            value={one}
            checked={theme === one}
            onChange={() => choose(one)}
          />
          <Icon name={icons[one]} size={14} />
          <span className="visually-hidden">{one}</span>
        </label>
      ))}
    </div>
  );
}
