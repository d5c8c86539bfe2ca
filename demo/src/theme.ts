// Light, dark, or what the system says. Kept on this device.
import { recall, remember } from './memory.js';

const key = 'onering-demo/theme';
const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const themeNames: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };

export function currentTheme(): Theme {
  const kept = recall(key);
  return themes.find((theme) => theme === kept) ?? 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

// The other one than what is seen now; choosing what the system says goes back to following it.
export function toggleTheme(): Theme {
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = currentTheme();
  const isDark = theme === 'dark' || (theme === 'system' && systemIsDark);
  const next: Theme = isDark === systemIsDark ? (isDark ? 'light' : 'dark') : 'system';
  remember(key, next === 'system' ? null : next);
  applyTheme(next);
  return next;
}
