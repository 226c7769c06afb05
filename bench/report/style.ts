// The style sheet of the page. Colours are variables, which the charts use too. Print is always
// light.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #16202c; --ink-2: #5a6878; --paper: #f4f5f7; --card: #ffffff; --line: #e2e6eb;
  --accent: #1a5fd0; --peer: #a9b4c2; --hollow: transparent; --ceiling: #6b7786; --hatch: #c3cad3;
  --livedrops-1: #1a5fd0; --livedrops-2: #0a8f9c; --livedrops-3: #6a3fc4; --livedrops-4: #0f3f8c;
  --livedrops-5: #5c93e8; --livedrops-6: #14664d; --livedrops-7: #9a2fa0;
  --peer-1: #b0642a; --peer-2: #7d7a1e; --peer-3: #a2457c; --peer-4: #6b5a4c;
  --ceiling-1: #6b7786; --ceiling-2: #3f4a57; --ceiling-3: #8d98a6; --ceiling-4: #55606d;
  --good: #12703f; --good-soft: #e0f3e7; --bad: #b3261e; --bad-soft: #fce6e3; --soft: #eef1f4;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ink: #e6ebf1; --ink-2: #9aa7b6; --paper: #10151b; --card: #182029; --line: #2b3642;
    --accent: #5b9bff; --peer: #566373; --ceiling: #93a0ae; --hatch: #44515f;
    --livedrops-1: #5b9bff; --livedrops-2: #35c4d0; --livedrops-3: #a98bf5; --livedrops-4: #a9ccff;
    --livedrops-5: #3374d8; --livedrops-6: #58c79c; --livedrops-7: #dc86e2;
    --peer-1: #e0985c; --peer-2: #c2bd55; --peer-3: #dd85b8; --peer-4: #b8a593;
    --ceiling-1: #93a0ae; --ceiling-2: #c9d1da; --ceiling-3: #6f7c8a; --ceiling-4: #aab5c1;
    --good: #6fdc9f; --good-soft: #173626; --bad: #ff9a8f; --bad-soft: #45211e; --soft: #212b36;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue',
    'Liberation Sans', Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1180px; margin: 0 auto; padding: 40px 24px 80px; }
header, section {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 14px;
  padding: 30px 34px;
  margin-bottom: 26px;
}
h1 { margin: 0; font-size: 34px; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 0 0 12px; font-size: 23px; letter-spacing: -0.01em; }
h3 { margin: 0 0 6px; font-size: 15px; }
h2 code, .group code { font-size: 13px; font-weight: 400; color: var(--ink-2); }
code, pre { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
p { margin: 0 0 12px; max-width: 80ch; }
ul { margin: 0; padding-left: 20px; }
li { margin: 3px 0; }
.lead { font-size: 18px; color: var(--ink-2); margin: 10px 0 22px; }
.facts {
  display: grid;
  grid-template-columns: repeat(3, 1fr);
  gap: 1px;
  margin: 0 0 22px;
  background: var(--line);
  border: 1px solid var(--line);
  border-radius: 10px;
  overflow: hidden;
}
.facts div { background: var(--card); padding: 10px 14px; }
dt { font-size: 12.5px; color: var(--ink-2); }
dd { margin: 0; }
.facts dd { font-weight: 600; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 32px; }
pre {
  margin: 0;
  padding: 12px 14px;
  background: var(--soft);
  border-radius: 8px;
  font-size: 13px;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
.box {
  margin: 20px 0 0;
  padding: 14px 18px;
  border-radius: 10px;
  background: var(--soft);
  border-left: 5px solid var(--ink-2);
}
.box.missed { background: var(--bad-soft); border-color: var(--bad); }
header .box { margin: 0 0 22px; }
.tally {
  display: flex;
  flex-wrap: wrap;
  gap: 12px;
  list-style: none;
  padding: 0;
  margin: 0 0 18px;
}
.tally li { padding: 8px 18px; border-radius: 10px; background: var(--soft); margin: 0; }
.tally b { font-size: 24px; margin-right: 4px; }
.tally .met { background: var(--good-soft); color: var(--good); }
.tally .missed { background: var(--bad-soft); color: var(--bad); }
.mark {
  display: inline-block;
  padding: 1px 10px;
  border-radius: 99px;
  font-weight: 600;
  font-size: 13.5px;
  white-space: nowrap;
}
.mark.met { background: var(--good-soft); color: var(--good); }
.mark.missed { background: var(--bad-soft); color: var(--bad); }
.mark.none { color: var(--ink-2); font-weight: 400; padding-left: 0; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
caption { text-align: left; font-weight: 600; font-size: 15px; padding: 0 0 6px; }
th, td {
  padding: 6px 10px;
  text-align: left;
  vertical-align: top;
  border-bottom: 1px solid var(--line);
}
th { font-weight: 500; }
thead th, thead td {
  font-size: 12.5px;
  color: var(--ink-2);
  vertical-align: bottom;
  border-bottom: 1.5px solid var(--ink-2);
}
.number { text-align: right; }
.wide b { font-weight: 600; }
small {
  display: block;
  font-size: 11.5px;
  font-weight: 400;
  color: var(--ink-2);
  white-space: nowrap;
}
th small { white-space: normal; }
.group th { padding-top: 18px; font-weight: 600; }
.findings td { vertical-align: middle; }
.box + .findings { margin-top: 18px; }
.findings th[scope='row'] { padding-left: 20px; vertical-align: middle; }
.findings .number { white-space: nowrap; }
.spread { white-space: nowrap; }
.spread span { font-size: 12.5px; color: var(--ink-2); margin-left: 10px; }
.strip { vertical-align: middle; }
.strip .axis { stroke: var(--line); stroke-width: 2; }
.strip .goal { stroke: var(--good); stroke-width: 2; opacity: 0.45; }
.strip .aim { stroke: var(--ink); stroke-width: 1.5; }
.strip .sample { fill: none; stroke: var(--ink-2); stroke-width: 1; opacity: 0.7; }
.strip .met { fill: var(--good); }
.strip .missed { fill: var(--bad); }
.strip .none { fill: var(--ink-2); }
nav ul { display: flex; flex-wrap: wrap; gap: 8px; list-style: none; padding: 0; margin: 0 0 26px; }
nav li { margin: 0; }
nav a {
  display: block;
  padding: 5px 14px;
  border-radius: 99px;
  background: var(--card);
  border: 1px solid var(--line);
}
.method { color: var(--ink); max-width: 95ch; }
.settings {
  display: flex;
  flex-wrap: wrap;
  gap: 4px 22px;
  margin: 0 0 22px;
  padding: 10px 14px;
  border-radius: 8px;
  background: var(--soft);
  font-size: 13.5px;
}
.settings div { display: flex; gap: 7px; }
.settings dt { font-size: inherit; }
.settings dd { font-weight: 600; overflow-wrap: anywhere; }
.charts {
  display: grid;
  grid-template-columns: repeat(2, minmax(0, 1fr));
  gap: 26px 36px;
  align-items: start;
}
figure { margin: 0; }
.tall { grid-row: span 2; }
figcaption { font-weight: 600; margin-bottom: 10px; }
figure > svg { display: block; width: 100%; height: auto; }
.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 18px;
  list-style: none;
  padding: 0;
  margin: 8px 0 0;
  font-size: 13px;
}
.legend svg { vertical-align: -1px; margin-right: 7px; }
.wide { overflow-x: auto; margin-top: 28px; }
.ahead { color: var(--good); } .behind { color: var(--bad); }
.notes, details { margin-top: 24px; }
summary { font-weight: 600; cursor: pointer; }
.subjects { margin: 8px 0 0; }
.subjects div { display: grid; grid-template-columns: 220px 1fr; gap: 14px; padding: 5px 0; }
.subjects dt { font-size: 14px; font-weight: 600; color: var(--ink); }
.subjects dt.livedrops { color: var(--accent); }
@media screen and (max-width: 820px) {
  main { padding: 16px 10px 40px; }
  header, section { padding: 20px 16px; }
  .charts, .columns, .facts, .subjects div { grid-template-columns: minmax(0, 1fr); }
  .findings { display: block; overflow-x: auto; }
}
@page { size: A4; margin: 13mm 12mm; }
@media print {
  :root { --paper: #fff; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 9.2pt; line-height: 1.4; }
  main { max-width: none; padding: 0; }
  header, section { border: 0; padding: 0; margin: 0 0 8mm; }
  h1 { font-size: 22pt; } h2 { font-size: 15pt; } .lead { font-size: 11pt; margin: 2mm 0 4mm; }
  .scenario { break-before: page; }
  h2, h3, caption, figcaption { break-after: avoid; }
  figure, .wide, tr, .box li, .notes li, .facts, .columns > div, .subjects div {
    break-inside: avoid;
  }
  .charts { gap: 5mm 8mm; }
  table { font-size: 8pt; } th, td { padding: 1mm 1.6mm; }
  small, .spread span, thead th { font-size: 7pt; } small { white-space: normal; }
  .wide { overflow: visible; margin-top: 6mm; }
  .strip { width: 26mm; }
  .legend, .settings, .facts, .subjects dt { font-size: 8.2pt; }
  .mark { font-size: 8pt; }
  h3, caption, figcaption { font-size: 9.5pt; }
  h2 code, .group code, pre { font-size: 8pt; }
  dt { font-size: 7.5pt; } .facts dd { font-size: 8.6pt; }
  .findings td, .findings th[scope='row'] { padding-top: 0.7mm; padding-bottom: 0.7mm; }
  nav { display: none; }
  a { color: inherit; }
}
`;
