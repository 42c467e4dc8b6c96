/// How the status page looks, in a light and a dark scheme.
enum StatusStyle {
    static let sheet = """
        :root{--ink:#1d2125;--quiet:#5b6570;--paper:#f6f7f8;--card:#fff;--line:#dfe3e7;--calm:#2f6fb0;--near:#b26a00;--full:#b3261e;--good:#1f7a43}
        @media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#9aa5b0;--paper:#14171a;--card:#1d2226;--line:#333a41;--calm:#6aa9e6;--near:#e5a13a;--full:#f2857d;--good:#6fcf93}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 2rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
        header{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .75rem;margin-bottom:1rem}
        header p{margin:0}
        h1{margin:0;font-size:1.5rem;line-height:1.2;overflow-wrap:anywhere}
        h2{margin:0 0 .5rem;font-size:1.05rem}
        .quiet{color:var(--quiet);font-size:.875rem}
        .state{padding:.05rem .6rem;border:1px solid;border-radius:1rem;font-size:.875rem;font-weight:600}
        .serving{color:var(--good)}
        .draining{color:var(--near)}
        .notice{margin:0 0 1rem;padding:.6rem .9rem;border-left:4px solid var(--near);background:var(--card)}
        section{margin-bottom:1rem;padding:1rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
        section>p{margin:0 0 .75rem}
        .wide+p{margin:.75rem 0 0}
        .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:1rem}
        .figures b,.figures span,.figures small{display:block}
        .figures b{font-size:1.5rem;font-weight:600;line-height:1.2;white-space:nowrap}
        .figures span,.figures small{color:var(--quiet);font-size:.875rem}
        .limits{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:.6rem 2rem;margin:0}
        .limits dt{font-size:.9rem}
        .limits dd{display:flex;align-items:center;gap:.75rem;margin:0}
        .bar{flex:1;height:.5rem;border-radius:.25rem;background:var(--line);overflow:hidden}
        .bar i{display:block;height:100%;background:var(--calm)}
        .near .bar i{background:var(--near)}
        .full .bar i{background:var(--full)}
        em{font-style:normal;font-weight:600}
        .near em{color:var(--near)}
        .full em{color:var(--full)}
        .count{min-width:8rem;text-align:right;white-space:nowrap;font-size:.9rem}
        .wide{overflow-x:auto}
        table{width:100%;border-collapse:collapse;font-size:.9375rem}
        th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400;vertical-align:top}
        tr:last-child>*{border-bottom:0}
        thead th{color:var(--quiet);font-size:.8125rem;border-bottom:1px solid var(--line)!important}
        tbody th{min-width:7rem;font-family:ui-monospace,monospace;font-size:.875rem;overflow-wrap:anywhere}
        th:last-child,td:last-child{padding-right:0}
        td.number+td{padding-left:.5rem}
        .number{text-align:right;white-space:nowrap}
        .away{color:var(--near)}
        .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 1rem;align-items:start}
        footer{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
        a{color:var(--calm)}
        a:focus-visible{outline:2px solid currentColor;outline-offset:2px}
        @media (max-width:30rem){.figures{grid-template-columns:1fr 1fr}.count{min-width:6.5rem}th,td{padding-right:.5rem}}
        """
}
