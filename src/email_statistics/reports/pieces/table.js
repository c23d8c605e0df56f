// Makes every list of the page (list.html.j2) sort, search, page and give a CSV. Without it
// the lists are tables of their first rows. It asks for nothing and writes text alone, never markup.
//
// An entry is a row: of the table, or of the packed rest (table.py), whose row is made when it is
// shown. Both give their texts and plain values by the same functions.
"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const count = (number) => number.toLocaleString("en");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const textOf = (cell) => (cell.querySelector("bdi") ?? cell).textContent;

  // Beyond milliseconds Date.parse doesn't look; two events of one batch differ there.
  const instant = (iso) =>
    Date.parse(iso) + Number(/\.\d{3}(\d{3})/.exec(iso)?.[1] ?? 0) / 1000;

  // What the table has, of a row of it: what is exported, or null.
  const plainOf = (cell, kind) => {
    if ("null" in cell.dataset) return null;
    if (kind === "number") return cell.dataset.value ?? cell.textContent;
    if (kind === "time") return cell.querySelector("time").dateTime;
    return textOf(cell);
  };
  const sortable = (plain, kind) => {
    if (plain === null) return null;
    if (kind === "number") return Number(plain);
    return kind === "time" ? instant(plain) : plain;
  };

  // As words/formats.py writes them.
  const fixed = (number, digits) =>
    number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const FORMATS = {
    count: (plain) => count(Number(plain)),
    money: (plain) => {
      const size = Math.abs(Number(plain));
      return fixed(Number(plain), size > 0 && size < 0.01 ? 4 : 2);
    },
    rate: (plain) => {
      const share = Number(plain);
      const digits = [0, 1].includes(share) ? 0 : share >= 0.1 ? 1 : share >= 0.001 ? 2 : 3;
      return `${(share * 100).toFixed(digits)}%`;
    },
    day: (plain) => {
      const [year, month, day] = plain.split("-");
      return `${Number(day)} ${MONTHS[month - 1]} ${year}`;
    },
    time: (plain) => {
      const [, year, month, day, hour] = /^(\d+)-(\d+)-(\d+)T(\d+:\d+)/.exec(plain);
      return `${Number(day)} ${MONTHS[month - 1]} ${year}, ${hour}`;
    },
  };

  const compare = (one, other, direction) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return direction * (typeof one === "string" ? collator.compare(one, other) : one - other);
  };

  // A spreadsheet runs a text that begins like a formula, also after what can't be seen.
  const defused = (text) =>
    /^(?:[\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-\u2212@＝＋－＠])/u.test(text)
      ? `'${text}`
      : text;
  const quoted = (text) => `"${defused(text).replaceAll('"', '""')}"`;
  const exported = (plain, kind) => {
    if (plain === null) return "";
    return kind === "text" ? quoted(plain) : plain;
  };

  const unpacked = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };

  const download = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const lists = new Map();

  const enliven = (list) => {
    const part = (name) => list.querySelector(`[data-part="${name}"]`);
    const [search, size, status, pages, rest] = ["search", "size", "status", "pages", "rest"].map(
      part,
    );
    const body = list.querySelector("tbody");
    const heads = [...list.querySelectorAll("thead th")];
    const kinds = heads.map((head) => head.dataset.kind);
    const labels = heads.map((head) => head.textContent.trim());
    const all = Number(list.dataset.count);
    const entries = [...body.rows].map((row, place) => ({ row, place, text: null }));
    let found = entries;
    let shown = [];
    let page = 0;
    let sorted = "";
    let only = null;

    const plainAt = (entry, column) =>
      entry.packed ? entry.packed[column][entry.at] : plainOf(entry.row.cells[column], kinds[column]);
    const shownAt = (entry, column) => {
      if (!entry.packed) return entry.row.cells[column].textContent;
      const plain = entry.packed[column][entry.at];
      const { format, missing } = heads[column].dataset;
      return plain === null ? missing : (FORMATS[format]?.(plain) ?? plain);
    };

    // Makes the row of a packed entry; an address is a link where it is one of the web.
    const make = (entry) => {
      const row = document.createElement("tr");
      heads.forEach((head, column) => {
        const cell = document.createElement(column ? "td" : "th");
        if (!column) cell.scope = "row";
        const plain = plainAt(entry, column);
        const text = document.createElement("bdi");
        text.textContent = shownAt(entry, column);
        cell.append(text);
        if (kinds[column] === "number") cell.className = "es-number";
        if (kinds[column] === "time") cell.className = "es-time";
        if (plain === null) cell.classList.add("es-missing");
        if (head.dataset.format === "link" && plain !== null && /^https?:/i.test(plain)) {
          const link = document.createElement("a");
          link.className = "es-link es-link--alone";
          link.href = plain;
          link.rel = "noopener noreferrer nofollow";
          cell.replaceChildren(link);
          link.append(text);
        }
        row.append(cell);
      });
      return row;
    };

    // Where the live site says where records of contacts are, a name leads to its contact's.
    const lead = (entry) => {
      const id = entry.packed ? entry.packed[heads.length]?.[entry.at] : entry.row.dataset.contact;
      if (!list.dataset.contacts || !id || entry.leads) return;
      const link = document.createElement("a");
      link.href = list.dataset.contacts + encodeURIComponent(id);
      const cell = entry.row.cells[0];
      link.append(...cell.childNodes);
      cell.append(link);
      entry.leads = true;
    };

    // All rows, once: the rest is unpacked when somebody first needs it.
    let whole = rest ? null : Promise.resolve();
    const complete = () => {
      whole ??= unpacked(rest.textContent).then((packed) => {
        packed[0].forEach((_, at) => entries.push({ packed, at, place: entries.length, text: null }));
      });
      return whole;
    };

    const draw = () => {
      const step = Number(size.value);
      const many = found === entries ? all : found.length;
      const last = Math.max(0, Math.ceil(many / step) - 1);
      page = Math.min(page, last);
      shown.forEach((entry) => {
        entry.row.classList.remove("es-shown");
        if (entry.packed) entry.row.remove();
      });
      shown = found.slice(page * step, (page + 1) * step);
      const isShown = new Set(shown);
      shown.forEach((entry) => {
        entry.row ??= make(entry);
        lead(entry);
        entry.row.classList.add("es-shown");
      });
      // All in their order, for print has those that aren't shown too.
      const present = entries.filter((entry) => !entry.packed || isShown.has(entry));
      body.append(...present.map(({ row }) => row));
      const first = page * step + 1;
      const among = found === entries ? "" : `, found among ${count(all)}`;
      status.textContent = shown.length
        ? `Rows ${count(first)} to ${count(first + shown.length - 1)} of ${count(many)}${among}${sorted}`
        : all
          ? `None of ${count(all)} rows matches \u201c${search.value || only}\u201d`
          : "No rows";
      pages.hidden = last === 0;
      part("page").textContent = `Page ${count(page + 1)} of ${count(last + 1)}`;
      part("previous").disabled = page === 0;
      part("next").disabled = page === last;
      part("all").hidden = only === null;
      part("all").textContent = only === null ? "" : `Only ${only}: show all`;
    };

    const textOfEntry = (entry) => {
      entry.text ??= plain(heads.map((_, column) => shownAt(entry, column)).join("\n"));
      return entry.text;
    };
    const find = async () => {
      await complete();
      const words = plain(search.value).split(/\s+/u).filter(Boolean);
      const matches = (entry) =>
        (only === null || heads.some((_, column) => plainAt(entry, column) === only)) &&
        words.every((word) => textOfEntry(entry).includes(word));
      found = words.length || only !== null ? entries.filter(matches) : entries;
      page = 0;
      draw();
    };

    const sort = async (column) => {
      await complete();
      const head = heads[column];
      const isText = kinds[column] === "text";
      const before = head.getAttribute("aria-sort");
      const isUp = before ? before === "descending" : isText;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      entries.forEach((entry) => {
        entry.value = sortable(plainAt(entry, column), kinds[column]);
      });
      entries.sort(
        (one, other) => compare(one.value, other.value, isUp ? 1 : -1) || one.place - other.place,
      );
      sorted = `, sorted by ${labels[column]}, ${isUp ? "ascending" : "descending"}`;
      await find();
    };

    const csv = async () => {
      await complete();
      const lines = found.map((entry) =>
        heads.map((_, column) => exported(plainAt(entry, column), kinds[column])).join(","),
      );
      const text = `\ufeff${[labels.map(quoted).join(","), ...lines].join("\r\n")}\r\n`;
      download(text, `${list.dataset.file}.csv`);
    };

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = head.querySelector("a")?.title ?? "";
      button.textContent = labels[column];
      button.addEventListener("click", () => sort(column));
      head.replaceChildren(button);
    });
    search.addEventListener("input", find);
    size.addEventListener("change", () => {
      page = 0;
      draw();
    });
    const turn = async (by) => {
      await complete();
      page += by;
      draw();
      list.scrollIntoView({ block: "nearest" });
    };
    const showOnly = async (text) => {
      only = text;
      search.value = "";
      await find();
    };
    part("previous").addEventListener("click", () => turn(-1));
    part("next").addEventListener("click", () => turn(1));
    part("csv").addEventListener("click", csv);
    part("all").addEventListener("click", () => showOnly(null));
    part("controls").hidden = false;
    list.classList.add("es-list--live");
    lists.set(list.dataset.file, { list, showOnly });
    draw();
  };

  document.querySelectorAll(".es-list").forEach(enliven);

  // A link that leads to another list shows there only the rows that have its text.
  document.querySelectorAll("[data-list]").forEach((link) =>
    link.addEventListener("click", (event) => {
      const target = lists.get(link.dataset.list);
      if (!target) return;
      event.preventDefault();
      target.showOnly(link.dataset.only);
      target.list.scrollIntoView();
    }),
  );
})();
