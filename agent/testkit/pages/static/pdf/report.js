// Writes a document of many pages: text, and a chart of some thousand strokes on each.
"use strict";
function report(pages) {
  const objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"];
  const kids = [];
  for (let n = 0; n < pages; n++) {
    const lines = [`BT /F1 18 Tf 60 780 Td (Traffic in the harbour, week ${n + 1}) Tj ET`];
    for (let i = 0; i < 26; i++) {
      lines.push(`BT /F1 10 Tf 60 ${750 - 13 * i} Td (${i + 1}. Ship ${n * 26 + i} came with ${(i * 37 + n * 11) % 900} tons and left after ${(i + n) % 9} days.) Tj ET`);
    }
    for (let i = 0; i < 5000; i++) {
      const x = 60 + i % 100 * 4.7, y = 70 + Math.floor(i / 100) * 6.4, h = 3 + 3 * Math.sin(i / 17 + n);
      lines.push(`${(i % 100 / 100).toFixed(2)} ${(0.5 + 0.4 * Math.sin(i / 400 + n)).toFixed(2)} 0.6 rg ${x.toFixed(1)} ${y.toFixed(1)} m ${(x + 4).toFixed(1)} ${y.toFixed(1)} l ${(x + 2).toFixed(1)} ${(y + h).toFixed(1)} ${x.toFixed(1)} ${(y + h).toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)} c f`);
    }
    const content = lines.join("\n");
    objects.push(`<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${objects.length + 2} 0 R >>`);
    kids.push(`${objects.length} 0 R`);
    objects.push(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  objects[1] = `<< /Type /Pages /Count ${pages} /Kids [${kids.join(" ")}] >>`;
  let text = "%PDF-1.4\n";
  const at = objects.map((o, i) => {
    const start = text.length;
    text += `${i + 1} 0 obj\n${o}\nendobj\n`;
    return start;
  });
  const table = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${at.map((a) => String(a).padStart(10, "0") + " 00000 n \n").join("")}`;
  text += `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return new TextEncoder().encode(text);
}
