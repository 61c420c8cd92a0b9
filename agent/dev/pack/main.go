// Command pack writes the extension as the files that stores and browsers take.
//
//	go run ./agent/dev/pack -out dist/extension -key FILE
//
// Without -key the CRX is signed with a development key, made once and kept outside git. Its id is then another than the
// one that minewatch answers, which is said, and the file's name says so too.
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
	key := flag.String("key", "", "release key that signs the CRX: RSA, PEM, PKCS #8 or PKCS #1")
	devKey := flag.String("dev-key", ".cache/extension-development-key.pem", "the same without -key; made if it is not there")
	unpacked := flag.String("unpacked", "", "write nothing but the extension for Firefox, unpacked, to this folder")
	flag.Parse()
	err := error(nil)
	if *unpacked != "" {
		err = extension.WriteTo(*unpacked, extension.Firefox)
	} else {
		err = run(*out, *key, *devKey)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pack: %v\n", err)
		os.Exit(1)
	}
}

func run(out, keyFile, devKeyFile string) error {
	version, err := extension.Version()
	if err != nil {
		return err
	}
	key, err := signingKey(keyFile, devKeyFile)
	if err != nil {
		return err
	}
	id, err := extension.IDOf(&key.PublicKey)
	if err != nil {
		return err
	}
	if keyFile != "" && id != extension.ChromiumID {
		return fmt.Errorf("%s is not the release key: it gives the id %s, and minewatch answers only %s", keyFile, id, extension.ChromiumID)
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
	crxName := "minewatch-" + version + ".crx"
	if keyFile == "" {
		crxName = "minewatch-" + version + "-development.crx"
	}
	err = writeAll(out, []packed{
		{"minewatch-" + version + "-chromium-store.zip", store},
		{"minewatch-" + version + "-firefox-unsigned.xpi", xpi},
		{crxName, crx},
	})
	if err != nil || keyFile != "" {
		return err
	}
	fmt.Printf("\n%s is signed with the development key %s: its id is %s.\n"+
		"minewatch answers only %s, so from this file the extension cannot reach it.\n"+
		"To try the extension, use the unpacked folder that `minewatch browser install` names; it has the right id.\n"+
		"To publish, sign with the release key: make extension KEY=FILE\n", crxName, devKeyFile, id, extension.ChromiumID)
	return nil
}

// packed is a file to write.
type packed struct {
	name string
	data []byte
}

func writeAll(out string, all []packed) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, f := range all {
		path := filepath.Join(out, f.name)
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s (%d bytes)\n", path, len(f.data))
	}
	return nil
}

// signingKey reads the release key, or else the development key, which is made where there is none. A release key that
// is not there is never made: a slip in its name would give the extension a new id.
func signingKey(path, devPath string) (*rsa.PrivateKey, error) {
	if path != "" {
		return readKey(path)
	}
	key, err := readKey(devPath)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(devPath)
	}
	return key, err
}

func readKey(path string) (*rsa.PrivateKey, error) {
	data, err := os.ReadFile(path)
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
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return key, errors.Join(err, f.Close())
}
