import { createRoot } from 'react-dom/client';
import { App } from './shell/app.tsx';
import { applyTheme } from './shell/theme.tsx';

applyTheme();
const place = document.getElementById('page');
if (place !== null) createRoot(place).render(<App />);
