// Command pack writes the extension as the files that stores and browsers take.
//
//	go run ./agent/extension/pack -out dist/extension -key .cache/extension-key.pem
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minewatch/minewatch/agent/extension"
)

// keyBits is the length of a key made here, as Chromium makes them.
const keyBits = 2048

func main() {
	out := flag.String("out", "dist/extension", "folder to write to")
	key := flag.String("key", "", "RSA key (PEM, PKCS #8 or PKCS #1) that signs the CRX; made if the file is not there")
	unpacked := flag.String("unpacked", "", "write nothing but the extension for Firefox, unpacked, to this folder")
	flag.Parse()
	err := error(nil)
	if *unpacked != "" {
		err = extension.WriteTo(*unpacked, extension.Firefox)
	} else {
		err = run(*out, *key)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pack: %v\n", err)
		os.Exit(1) //nolint:forbidigo // a small program of its own
	}
}

func run(out, keyFile string) error {
	version, err := extension.Version()
	if err != nil {
		return err
	}
	key, err := signingKey(keyFile)
	if err != nil {
		return err
	}
	id, err := extension.IDOf(&key.PublicKey)
	if err != nil {
		return err
	}
	unsigned, err := extension.Archive(extension.Chromium)
	if err != nil {
		return err
	}
	store, err := extension.StoreArchive()
	if err != nil {
		return err
	}
	xpi, err := extension.Archive(extension.Firefox)
	if err != nil {
		return err
	}
	crx, err := extension.CRX(unsigned, key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"minewatch-" + version + "-chromium-store.zip": store,
		"minewatch-" + version + "-firefox.xpi":        xpi,
		"minewatch-" + version + ".crx":                crx,
	} {
		path := filepath.Join(out, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s (%d bytes)\n", path, len(data))
	}
	fmt.Printf("the CRX has the id %s\n", id)
	if id != extension.ChromiumID {
		fmt.Printf("that is not %s, the only one that minewatch answers: this CRX shows its window but cannot reach the program;\n"+
			"sign with the release key (KEY=file), which is kept outside the repository\n", extension.ChromiumID)
	}
	return nil
}

// signingKey reads the key, or makes one where there is none.
func signingKey(path string) (*rsa.PrivateKey, error) {
	if path == "" {
		return nil, errors.New("name a key file with -key; one is made there if there is none")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM key", path)
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds no RSA key, which a CRX needs", path)
	}
	return key, nil
}

func makeKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}
