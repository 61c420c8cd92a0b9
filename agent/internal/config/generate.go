package config

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
)

// Generated returns the files that follow from the schema, by their paths in the repository.
func Generated() map[string]string {
	return map[string]string{
		"docs/configuration.md":                         documentation(),
		"installer/policy.schema.json":                  jsonSchema(),
		"installer/windows/policy/minewatch.admx":       admx(),
		"installer/windows/policy/en-US/minewatch.adml": adml("en"),
		"installer/windows/policy/ja-JP/minewatch.adml": adml("ja"),
	}
}

func valuesOf(k Key) string {
	switch k.Kind {
	case Bool:
		return "true, false"
	case Int:
		return fmt.Sprintf("%d to %d", k.Min, k.Max)
	case Choice:
		return strings.Join(k.Words, ", ")
	case Set:
		return "any of " + strings.Join(k.Words, ", ")
	case Sites:
		return fmt.Sprintf("up to %d sites, such as films.example", maxItems)
	case Hours:
		return "such as 22:00-07:00"
	}
	return ""
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func documentation() string {
	var b strings.Builder
	b.WriteString(`# Configuration

Written from the schema in ` + "`agent/internal/config/schema.go`; `go test ./agent/internal/config -update` writes it again." + `

Nothing has to be configured. **So far the running agent obeys none of these keys**; ` + "`policy show`" + ` reads and checks them. ` + "`minewatch policy show`" + ` prints every value in force, where it comes from and whether it is managed.

| key | default | values | users may set it | a policy may fix it |
|---|---|---|---|---|
`)
	for _, k := range Keys() {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", k.Name, asJSON(k.Default), strings.ReplaceAll(valuesOf(k), "|", "\\|"), yes(k.Personal), yes(k.Lockable))
	}
	b.WriteString("\n## What each does\n")
	for _, k := range Keys() {
		fmt.Fprintf(&b, "\n**%s** (`%s`, %s). %s\n", k.Title, k.Name, k.Kind, k.Text)
	}
	b.WriteString(`
## Layers
The first that names a key decides. Lists are not merged.

1. Machine policy: ` + "`/etc/minewatch/policies/managed/*.json`" + ` (Linux, macOS), by name, the last file first; on Windows the registry, ` + "`HKLM\\SOFTWARE\\Policies\\minewatch`" + `, by Group Policy with the templates
   in ` + "`installer/windows/policy/`" + ` or by Intune. Managed preferences of macOS (profiles) are not read yet.
2. The environment: ` + "`MINEWATCH_SENSITIVITY=high`" + ` and so on; items of a list are parted by commas.
3. ` + "`/etc/minewatch/config.d/*.json`" + `, on Windows ` + "`%ProgramData%\\minewatch\\config.d`" + `.
4. The user's own file: ` + "`~/.config/minewatch/settings.json`" + ` (on Windows and macOS in the user's configuration folder).
5. The defaults.

A file is one JSON object: ` + "`{\"observe_only\": true, \"allowed_sites\": [\"compute.example\"]}`" + `; ` + "`installer/policy.schema.json`" + ` lets an editor check it. In the registry a number or a text is a value by the key's name; a list is a subkey with one text a value, or a multi-string value.

## What happens with mistakes
An unknown key is warned of. A bad value is refused and the one before kept; so is a file that is only half written.
After a restart there is none before, and the next layer decides.
A folder or file that does not belong to root (on Windows: to the administrators or the system), that others may write, that is a link out of its folder, no plain file or larger than 64 KiB is not read. ` + "`minewatch policy show`" + ` says what was refused.
`)
	return b.String()
}

func jsonSchema() string {
	properties := map[string]any{}
	for _, k := range Keys() {
		p := map[string]any{"title": k.Title, "description": k.Text, "default": k.Default}
		switch k.Kind {
		case Bool:
			p["type"] = "boolean"
		case Int:
			p["type"], p["minimum"], p["maximum"] = "integer", k.Min, k.Max
		case Choice:
			p["enum"] = k.Words
		case Set:
			p["type"], p["items"] = "array", map[string]any{"enum": k.Words}
		case Sites:
			p["type"], p["maxItems"], p["items"] = "array", maxItems, map[string]any{"type": "string", "minLength": 1}
		case Hours:
			p["type"], p["pattern"] = "string", "^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$"
		}
		properties[k.Name] = p
	}
	b, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Settings of minewatch", "type": "object",
		"additionalProperties": false, "properties": properties,
	}, "", "  ")
	if err != nil {
		return ""
	}
	return string(b) + "\n"
}

const policyKey = `SOFTWARE\Policies\minewatch`

func admx() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>
<policyDefinitions xmlns="http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions" revision="1.0" schemaVersion="1.0">
  <policyNamespaces>
    <target prefix="minewatch" namespace="minewatch.Policies"/>
    <using prefix="windows" namespace="Microsoft.Policies.Windows"/>
  </policyNamespaces>
  <resources minRequiredRevision="1.0"/>
  <categories>
    <category name="minewatch" displayName="$(string.category)"/>
  </categories>
  <policies>
`)
	for _, k := range Keys() {
		if !k.Lockable {
			continue
		}
		fmt.Fprintf(&b, `    <policy name="%[1]s" class="Machine" displayName="$(string.%[1]s)" explainText="$(string.%[1]s_text)"`, k.Name)
		if k.Kind != Bool {
			fmt.Fprintf(&b, ` presentation="$(presentation.%s)"`, k.Name)
		}
		fmt.Fprintf(&b, ` key="%s"`, policyKey)
		if k.Kind == Bool {
			fmt.Fprintf(&b, ` valueName="%s"`, k.Name)
		}
		b.WriteString(">\n      <parentCategory ref=\"minewatch\"/>\n      <supportedOn ref=\"windows:SUPPORTED_Windows7\"/>\n")
		switch k.Kind {
		case Bool:
			b.WriteString("      <enabledValue><decimal value=\"1\"/></enabledValue>\n      <disabledValue><decimal value=\"0\"/></disabledValue>\n")
		case Int:
			fmt.Fprintf(&b, "      <elements><decimal id=\"%[1]s\" valueName=\"%[1]s\" minValue=\"%[2]d\" maxValue=\"%[3]d\" required=\"true\"/></elements>\n", k.Name, k.Min, k.Max)
		case Choice:
			fmt.Fprintf(&b, "      <elements><enum id=\"%[1]s\" valueName=\"%[1]s\" required=\"true\">\n", k.Name)
			for _, w := range k.Words {
				fmt.Fprintf(&b, "        <item displayName=\"$(string.%s_%s)\"><value><string>%s</string></value></item>\n", k.Name, w, w)
			}
			b.WriteString("      </enum></elements>\n")
		case Hours:
			fmt.Fprintf(&b, "      <elements><text id=\"%[1]s\" valueName=\"%[1]s\" maxLength=\"11\"/></elements>\n", k.Name)
		case Set, Sites:
			fmt.Fprintf(&b, "      <elements><list id=\"%[1]s\" key=\"%[2]s\\%[1]s\" valuePrefix=\"\"/></elements>\n", k.Name, policyKey)
		}
		b.WriteString("    </policy>\n")
	}
	b.WriteString("  </policies>\n</policyDefinitions>\n")
	return b.String()
}

func adml(language string) string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>
<policyDefinitionResources xmlns="http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions" revision="1.0" schemaVersion="1.0">
  <displayName>minewatch</displayName>
  <description>minewatch</description>
  <resources>
    <stringTable>
      <string id="category">minewatch</string>
`)
	said := func(k Key) (title, text string) {
		if language == "ja" {
			return k.TitleJA, k.TextJA
		}
		return k.Title, k.Text
	}
	text := func(id, s string) {
		fmt.Fprintf(&b, "      <string id=\"%s\">", id)
		_ = xml.EscapeText(&b, []byte(s)) // a Builder takes all
		b.WriteString("</string>\n")
	}
	for _, k := range Keys() {
		title, long := said(k)
		text(k.Name, title)
		text(k.Name+"_text", long)
		if k.Kind == Choice {
			for _, w := range k.Words {
				text(k.Name+"_"+w, w)
			}
		}
	}
	b.WriteString("    </stringTable>\n    <presentationTable>\n")
	for _, k := range Keys() {
		title, _ := said(k)
		inner := ""
		switch k.Kind {
		case Bool:
			continue
		case Int:
			inner = fmt.Sprintf("<decimalTextBox refId=\"%s\" defaultValue=\"%v\">%s</decimalTextBox>", k.Name, k.Default, title)
		case Choice:
			inner = fmt.Sprintf("<dropdownList refId=\"%s\" noSort=\"true\">%s</dropdownList>", k.Name, title)
		case Hours:
			inner = fmt.Sprintf("<textBox refId=\"%s\"><label>%s</label></textBox>", k.Name, title)
		case Set, Sites:
			inner = fmt.Sprintf("<listBox refId=\"%s\">%s</listBox>", k.Name, title)
		}
		fmt.Fprintf(&b, "      <presentation id=\"%s\">%s</presentation>\n", k.Name, inner)
	}
	b.WriteString("    </presentationTable>\n  </resources>\n</policyDefinitionResources>\n")
	return b.String()
}
