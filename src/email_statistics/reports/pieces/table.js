// Makes every list of the page (list.html.j2) sort, search, page and give a CSV. Without it
// the lists are whole tables. It asks for nothing and writes text alone, never markup.
"use strict";
(() => {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const count = (number) => number.toLocaleString("en");
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const textOf = (cell) => (cell.querySelector("bdi") ?? cell).textContent;

  // Beyond milliseconds Date.parse doesn't look; two events of one batch differ there.
  const instant = (iso) =>
    Date.parse(iso) + Number(/\.\d{3}(\d{3})/.exec(iso)?.[1] ?? 0) / 1000;

  const valueOf = (cell, kind) => {
    if ("null" in cell.dataset) return null;
    if (kind === "number") return Number(cell.dataset.value ?? cell.textContent);
    if (kind === "time") return instant(cell.querySelector("time").dateTime);
    return textOf(cell);
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
  const exported = (cell, kind) => {
    if ("null" in cell.dataset) return "";
    if (kind === "number") return cell.dataset.value ?? cell.textContent;
    if (kind === "time") return cell.querySelector("time").dateTime;
    return quoted(textOf(cell));
  };

  const download = (text, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const enliven = (list) => {
    const part = (name) => list.querySelector(`[data-part="${name}"]`);
    const [search, size, status, pages] = ["search", "size", "status", "pages"].map(part);
    const body = list.querySelector("tbody");
    const heads = [...list.querySelectorAll("thead th")];
    const kinds = heads.map((head) => head.dataset.kind);
    const labels = heads.map((head) => head.textContent.trim());
    const rows = [...body.rows].map((row, place) => ({ row, place, text: null }));
    let found = rows;
    let shown = [];
    let page = 0;
    let sorted = "";

    const draw = () => {
      const step = Number(size.value);
      const last = Math.max(0, Math.ceil(found.length / step) - 1);
      page = Math.min(page, last);
      shown.forEach(({ row }) => row.classList.remove("es-shown"));
      shown = found.slice(page * step, (page + 1) * step);
      shown.forEach(({ row }) => row.classList.add("es-shown"));
      const first = page * step + 1;
      const among = found.length < rows.length ? `, found among ${count(rows.length)}` : "";
      status.textContent = shown.length
        ? `Rows ${count(first)} to ${count(first + shown.length - 1)} of ${count(found.length)}${among}${sorted}`
        : `No row of ${count(rows.length)} has this text`;
      pages.hidden = last === 0;
      part("page").textContent = `Page ${count(page + 1)} of ${count(last + 1)}`;
      part("previous").disabled = page === 0;
      part("next").disabled = page === last;
    };

    const find = () => {
      const words = plain(search.value).split(/\s+/u).filter(Boolean);
      found = rows.filter((entry) => {
        if (!words.length) return true;
        entry.text ??= plain([...entry.row.cells].map((cell) => cell.textContent).join("\n"));
        return words.every((word) => entry.text.includes(word));
      });
      page = 0;
      draw();
    };

    const sort = (column) => {
      const head = heads[column];
      const isText = kinds[column] === "text";
      const before = head.getAttribute("aria-sort");
      const isUp = before ? before === "descending" : isText;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
      rows.forEach((entry) => {
        entry.value = valueOf(entry.row.cells[column], kinds[column]);
      });
      rows.sort(
        (one, other) => compare(one.value, other.value, isUp ? 1 : -1) || one.place - other.place,
      );
      body.append(...rows.map(({ row }) => row));
      sorted = `, sorted by ${labels[column]}, ${isUp ? "ascending" : "descending"}`;
      find();
    };

    const csv = () => {
      const lines = found.map(({ row }) =>
        [...row.cells].map((cell, column) => exported(cell, kinds[column])).join(","),
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
    const turn = (by) => {
      page += by;
      draw();
      list.scrollIntoView({ block: "nearest" });
    };
    part("previous").addEventListener("click", () => turn(-1));
    part("next").addEventListener("click", () => turn(1));
    part("csv").addEventListener("click", csv);
    part("controls").hidden = false;
    list.classList.add("es-list--live");
    find();
  };

  document.querySelectorAll(".es-list").forEach(enliven);
})();
