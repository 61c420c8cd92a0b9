// Package hostile holds the names that a program, a page, a recording or an impostor of the agent could choose, for the
// tests of everything that shows names.
package hostile

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names returns the names.
func Names() []string {
	return []string{
		// Commands to a terminal: ESC and C1 sequences, a new title, a link, the cursor, the bell, backspaces.
		"\x1b[2J\x1b[H\x1b[31mred", "\x1b]0;title\a", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\u009b2J\u009d0;x\u009c",
		"a\x00b\x1b[31mc\x7f\u0085d", "\x00\x01\x7f", "safe\b\b\b\bevil", "\x1bPq\x1b\\", "\x90q\x9c",
		// Lines that minewatch never said.
		"a\r\nminewatch: all is well", "a\nb", "over\rwritten", "a\vb\fc", "a\u2028b\u2029c",
		// Text that turns around, or is not seen.
		"moc.knab\u202etset.smlif", "\u202egnp.exe\u202c", "\u2066a\u2067b\u2068c\u2069", "\u200ea\u200fb\u061cc", "\u202aa\u202bb\u202cc\u202dd",
		"zero\u200bwidth\ufeff\u2060\u00adhid", "a\u200bb\u200dc", "tag\U000E0041\U000E007F", "\u115f\u3164\uffa0\u2800", "private\ue000use\U0010FFFF",
		strings.Repeat("\u202e", 9_000) + "a",
		// Nothing, and next to nothing.
		"", " ", "\t\n\r\v\f", "  many \t\t  spaces\u3000 ", "\u00a0\u00a0%",
		// Bytes that are no text, and marks without a letter or without an end.
		"\xff\xfebroken", "\xff\xfe\x80", "\xe2\x80", "\u0301\u0301on nothing", "Z" + strings.Repeat("\u0300", 500), strings.Repeat("\u0300", 5000),
		"z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308",
		// Commands to shells, spreadsheets, templates, formats and browsers.
		"$(touch x)';--<b>", "$(reboot)", "`id`", "a|b;c", "-rf", "=1+1", "%s%n%d{who}{cores}", "<b>&amp;</b>", "</title><script>alert(1)</script>\"'>",
		"{\"type\":\"alert\"}", "a\",\"site\":\"bank.test", "\\u001b[31m",
		// Widths that surprise, and writing systems that must stay readable.
		strings.Repeat("x", 10_000), strings.Repeat("映", 81), strings.Repeat("a.", 120) + "test", "映画.テスト", "日本語のとても長い名前をもつプログラム.test",
		"ﾊﾝｶｸ", "한글\u1112\u1161\u11ab", "👩‍👩‍👧‍👦👍🏽🏴‍☠️", "🇯🇵🇩🇪🇫", "☠️☢️", "नमस्ते क्षि", "ไทยน้ำ", "مرحبا שלום", "פריט.test",
		"▸ ! looks like mining", "𝓯𝓲𝓵𝓶𝓼", "xn--80ak6aa92e.test", "my_program_name", "“smart” ‘quotes’",
	}
}

// Check returns an error unless text is safe on a terminal: valid UTF-8, and nothing in it but line breaks, spaces and
// characters that show as themselves.
func Check(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("it is not UTF-8: %.200q", text)
	}
	for _, r := range text {
		if r != '\n' && (!unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector)) {
			return fmt.Errorf("it holds %U: %.200q", r, text)
		}
	}
	return nil
}
