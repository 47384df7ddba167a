const FONT = 'font-family="sans-serif" font-size="12"';
const COLOURS = ["#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#666666"];

export interface Bar {
  label: string;
  value: number;
  /** The spread, as a thin line over the bar. */
  min: number;
  max: number;
  /** What is written behind the bar. */
  text: string;
  /** A bar that the eye should find. */
  highlighted: boolean;
}

/** A picture of horizontal bars (SVG). */
export function barPicture(title: string, bars: readonly Bar[]): string {
  const [left, width, rowHeight, top] = [290, 420, 26, 36];
  const most = Math.max(...bars.map(({ max }) => max), 1);
  const x = (value: number) => left + (value / most) * width;
  const rows = bars.map(({ label, value, min, max, text, highlighted }, index) => {
    const y = top + index * rowHeight;
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end" ${FONT}>${escaped(label)}</text>`,
      `<rect x="${left}" y="${y + 2}" width="${number(x(value) - left)}" height="16" fill="${highlighted ? COLOURS[0] : "#b8c4d0"}"/>`,
      `<line x1="${number(x(min))}" x2="${number(x(max))}" y1="${y + 10}" y2="${y + 10}" stroke="#222"/>`,
      `<text x="${number(x(max) + 6)}" y="${y + 14}" ${FONT}>${escaped(text)}</text>`,
    ].join("");
  });
  return svg(left + width + 130, top + bars.length * rowHeight + 8, title, rows);
}

export interface Line {
  label: string;
  points: readonly { x: number; y: number }[];
}

/** A picture of lines over numbered places (SVG): the places are equally far apart, whatever their values. */
export function linePicture(title: string, unit: string, lines: readonly Line[]): string {
  const [left, width, height, top] = [70, 520, 240, 40];
  const places = [...new Set(lines.flatMap(({ points }) => points.map((point) => point.x)))].sort(
    (a, b) => a - b,
  );
  const most = Math.max(...lines.flatMap(({ points }) => points.map((point) => point.y)), 1);
  const step = width / Math.max(1, places.length - 1);
  const x = (value: number) => number(left + places.indexOf(value) * step);
  const y = (value: number) => number(top + height - (value / most) * height);
  const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const text = `<text x="${left - 6}" y="${number(Number(y(part * most)) + 4)}" text-anchor="end" ${FONT}>${Math.round(part * most).toLocaleString("en")}</text>`;
    return `<line x1="${left}" x2="${left + width}" y1="${y(part * most)}" y2="${y(part * most)}" stroke="#ddd"/>${text}`;
  });
  const marks = places.map(
    (place) =>
      `<text x="${x(place)}" y="${top + height + 18}" text-anchor="middle" ${FONT}>${place.toLocaleString("en")}</text>`,
  );
  const drawn = lines.map(({ label, points }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const path = points.map((point) => `${x(point.x)},${y(point.y)}`).join(" ");
    const legend = `<text x="${left + width + 14}" y="${top + 14 + index * 18}" fill="${colour}" ${FONT}>${escaped(label)}</text>`;
    const dots = points.map(
      (point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3" fill="${colour}"/>`,
    );
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join("")}${legend}`;
  });
  const caption = `<text x="${left + width / 2}" y="${top + height + 38}" text-anchor="middle" ${FONT}>${escaped(unit)}</text>`;
  return svg(left + width + 220, top + height + 50, title, [...axis, ...marks, ...drawn, caption]);
}

function svg(width: number, height: number, title: string, parts: readonly string[]): string {
  const heading = `<text x="12" y="20" font-family="sans-serif" font-size="14" font-weight="bold">${escaped(title)}</text>`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`;
  return [
    head,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    heading,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const number = (value: number) => value.toFixed(1);

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
