"""The report's page: its style sheet and its template. Everything put into the template is escaped."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b1f24;--quiet:#5b6470;--line:#dfe3e8;
--accent:#2f6fde;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--page:#14171b;--card:#1d2127;--ink:#e8ebef;--quiet:#a0a9b4;
--line:#343b44;--accent:#7aa7ff;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 16px 48px}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 4px}
h2{font-size:1.15rem;margin:0 0 12px}
p{margin:0 0 12px}
.quiet,figcaption p,dt,th{color:var(--quiet)}
.bad{color:var(--bad)}
section,figure{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px;
margin:16px 0 0;min-width:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0 0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tiles dd{margin:0;font-size:1.5rem;font-weight:600;overflow-wrap:anywhere}
.tiles p{margin:0;font-size:.85rem}
dl{margin:0}
.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:0 32px}
.pairs div{display:flex;justify-content:space-between;gap:16px;border-bottom:1px solid var(--line);
padding:5px 0}
.pairs dd{margin:0;text-align:right;overflow-wrap:anywhere;flex:none;max-width:75%}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:0 16px;
align-items:start}
figcaption p{font-size:.9rem;margin:0 0 8px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;
overflow-wrap:anywhere}
th{font-weight:500;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary{cursor:pointer;color:var(--quiet);font-size:.9rem}
.rows{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:12px;
list-style:none;margin:0;padding:0}
.rows li{border:1px solid var(--line);border-radius:8px;padding:10px 12px;min-width:0;overflow-wrap:anywhere}
.rows p{margin:0 0 6px}
audio{width:100%;height:40px}
a{color:var(--accent)}
.chart{width:100%;max-width:480px;height:auto;display:block}
.chart text{fill:var(--ink);font:13px system-ui,sans-serif}
.chart .background{fill:none}
.chart .axis.y text{text-anchor:end}
.chart .axis.x text{text-anchor:middle}
.chart .axis path{stroke:var(--line);fill:none}
.chart .rect{fill:var(--accent)}
.chart .series path{stroke:var(--accent);stroke-width:1.5;fill:var(--accent);fill-opacity:.18}
.chart .dot{fill:var(--accent);fill-opacity:.55}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#bbb;
--accent:#2f6fde;--bad:#b3261e}
main{max-width:none;padding:0}body{font-size:10.5pt}
audio{display:none}section,figure,.tiles div,.rows li,tr{break-inside:avoid}
section.long{break-inside:auto}h2{break-after:avoid}
details{display:none}
.tiles{grid-template-columns:repeat(5,1fr);gap:8px}.tiles div{padding:8px 10px}.tiles dd{font-size:1.1rem}
.pairs{grid-template-columns:repeat(2,1fr)}.charts{grid-template-columns:1fr 1fr}
.rows{grid-template-columns:1fr 1fr}section,figure{padding:10px 12px;margin-top:10px}}
"""

TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Job {{ job }}: {{ state }}</title>
<style>{{ style }}</style>
</head>
<body>
<main>
<h1>Job {{ job }}: {{ heading }}</h1>
<p class="quiet">{{ when }}</p>
{%- if reason %}
<p>Reason: {{ reason }}</p>
{%- endif %}
<dl class="tiles">
{%- for tile in tiles %}
<div><dt>{{ tile.label }}</dt><dd>{{ value(tile) }}</dd>
<p class="quiet">{{ tile.words }}</p></div>
{%- endfor %}
</dl>
{%- for title, entries in lists %}
<section>
<h2>{{ title }}</h2>
<dl class="pairs">
{%- for entry in entries %}
<div><dt>{{ entry.label }}</dt><dd>{{ value(entry) }}</dd></div>
{%- endfor %}
</dl>
</section>
{%- endfor %}
<div class="charts">
{%- for chart in charts %}
<figure>
<figcaption><h2>{{ chart.title }}</h2><p>{{ chart.told }}</p></figcaption>
{{ chart.svg }}
{%- if chart.table %}
<details><summary>The figures</summary>
<div class="wide"><table id="{{ chart.name }}">
<tr>
{%- for head in chart.heads %}<th{% if not loop.first %} class="n"{% endif %}>{{ head }}</th>{% endfor -%}
</tr>
{%- for row in chart.table %}
<tr>
{%- for cell in row %}<td{% if not loop.first %} class="n"{% endif %}>{{ value(cell) }}</td>{% endfor -%}
</tr>
{%- endfor %}
</table></div></details>
{%- endif %}
</figure>
{%- endfor %}
</div>
{%- if reasons %}
<section class="long">
<h2 class="bad">Rows without audio</h2>
<table id="reasons">
<tr><th>Reason</th><th class="n">Rows</th></tr>
{%- for reason in reasons %}
<tr><td>{{ reason.label }}</td><td class="n">{{ value(reason) }}</td></tr>
{%- endfor %}
</table>
<p></p>
<p class="quiet">{{ failed_words }}
{%- if links %} All of them are in <a href="./failed.csv">failed.csv</a>, which is a catalog again.
{%- else %} All of them are in failed.csv, which is a catalog again.{% endif %}</p>
<div class="wide"><table id="failed">
<tr><th class="n">Row</th><th>Id</th><th>Reason</th></tr>
{%- for no, id, error in failed %}
<tr><td class="n">{{ no }}</td><td><bdi>{{ id }}</bdi></td><td>{{ error }}</td></tr>
{%- endfor %}
</table></div>
</section>
{%- endif %}
{%- if sample %}
<section class="long">
<h2>A sample of the rows</h2>
<ul class="rows">
{%- for row in sample %}
<li><p><strong><bdi>{{ row.id }}</bdi></strong>
<span class="quiet">row {{ row.no }} · {{ row.words }}</span></p>
{%- if row.text %}
<p><bdi>{{ row.text }}</bdi></p>
{%- endif %}
{%- if row.link %}
<audio controls preload="none" src="{{ row.link }}" aria-label="row {{ row.no }}"></audio>
{%- endif %}
{%- if row.url %}
<p class="quiet"><a href="{{ row.url }}"><bdi>{{ row.path }}</bdi></a></p></li>
{%- else %}
<p class="quiet"><bdi>{{ row.path }}</bdi></p></li>
{%- endif %}
{%- endfor %}
</ul>
</section>
{%- endif %}
</main>
</body>
</html>
"""
