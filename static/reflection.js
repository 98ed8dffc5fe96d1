// The reflection sheet: a text file made in the browser, and paper. Nothing is sent, and nothing is stored.

"use strict";

const sheet = document.getElementById("sheet");
const said = document.getElementById("sheet-said");

function written() {
  return [...sheet.querySelectorAll("textarea")].map((area) => [area.labels[0].textContent.trim(), area.value.trim()]);
}

function asText() {
  const day = new Date().toLocaleDateString("en-US", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  return [day, ...written().map(([question, answer]) => `${question}\n${answer || "-"}`)].join("\n\n") + "\n";
}

// The address of a blob is known to this page alone, and is taken back once the browser has the file.
function keep() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([asText().replaceAll("\n", "\r\n")], { type: "text/plain;charset=utf-8" }));
  link.download = "notes.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  said.textContent = "The file notes.txt is among your downloads.";
  unkept = false;
}

// A text field prints only what it shows, so its whole text stands behind it, for paper alone.
function mirror(area) {
  const paper = document.createElement("p");
  paper.className = "sheet-paper preserve";
  area.after(paper);
  area.addEventListener("input", () => {
    paper.textContent = area.value;
    area.classList.toggle("has-paper", area.value !== "");
  });
}

// Leaving by mistake would lose it all, so the browser asks first, until it is kept as a file.
let unkept = false;
sheet.addEventListener("input", () => { unkept = written().some(([, answer]) => answer); });
addEventListener("beforeunload", (event) => { if (unkept) event.preventDefault(); });

for (const area of sheet.querySelectorAll("textarea")) mirror(area);
document.getElementById("keep-sheet").addEventListener("click", keep);
document.getElementById("print-sheet").addEventListener("click", () => window.print());
