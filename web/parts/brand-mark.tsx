export const BrandMark = () => (
  <svg width="18" height="18" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="7" fill="var(--accent)" />
    <path d="M8 10h16M8 16h16M8 22h16" stroke="var(--on-accent)" strokeWidth="3" />
  </svg>
);
