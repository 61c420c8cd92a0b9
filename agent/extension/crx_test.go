package extension

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// fields takes a protocol buffer of byte fields apart.
func fields(t *testing.T, data []byte) map[uint64][]byte {
	t.Helper()
	out := map[uint64][]byte{}
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		length, m := binary.Uvarint(data[n:])
		if n <= 0 || m <= 0 || tag&7 != 2 || uint64(len(data)-n-m) < length {
			t.Fatalf("no protocol buffer: %x", data)
		}
		out[tag>>3], data = data[n+m:][:length], data[n+m+int(length):] //nolint:gosec // checked above
	}
	return out
}

// The file is taken apart as a browser does, and its signature holds for its own key and no other content.
func TestCRX(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := Archive(Chromium)
	if err != nil {
		t.Fatal(err)
	}
	crx, err := CRX(archive, key)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := CRX(archive, key); err != nil || !bytes.Equal(crx, again) {
		t.Errorf("the same key gave other bytes (%v)", err)
	}
	if string(crx[:4]) != "Cr24" || binary.LittleEndian.Uint32(crx[4:]) != 3 {
		t.Fatalf("it begins with %q", crx[:8])
	}
	length := binary.LittleEndian.Uint32(crx[8:])
	header, rest := fields(t, crx[12:12+length]), crx[12+length:]
	if !bytes.Equal(rest, archive) {
		t.Error("the zip file is not as it was")
	}
	proof, signed := fields(t, header[2]), header[10000]
	public, err := x509.ParsePKIXPublicKey(proof[1])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(proof[1])
	if !bytes.Equal(fields(t, signed)[1], sum[:16]) {
		t.Error("the id is not that of the key")
	}
	covered := append([]byte("CRX3 SignedData\x00"), byte(len(signed)), 0, 0, 0)
	covered = append(append(covered, signed...), rest...)
	digest := sha256.Sum256(covered)
	if err := rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], proof[2]); err != nil {
		t.Errorf("the signature does not hold: %v", err)
	}
}

// A store gives the id itself and refuses a manifest that names a key.
func TestStoreArchive(t *testing.T) {
	data, err := StoreArchive()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	var got, want map[string]any
	source, _ := files.ReadFile("manifest.chromium.json")
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(source, &want); err != nil {
		t.Fatal(err)
	}
	if _, has := got["key"]; has || len(got) != len(want)-1 || !strings.Contains(string(text), "\n") {
		t.Errorf("the store's manifest is %s", text)
	}
}
