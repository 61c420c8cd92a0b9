package extension

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
)

// A CRX file of version 3 is "Cr24", the version, the length of a header, the header (a protocol buffer) and the zip
// file. See components/crx_file/crx3.proto in Chromium for the numbers of the header's fields.
const (
	crxMagic   = "Cr24"
	crxVersion = 3
	crxContext = "CRX3 SignedData\x00" // what the signature covers first

	crxFieldProof     = 2     // CrxFileHeader.sha256_with_rsa
	crxFieldSigned    = 10000 // CrxFileHeader.signed_header_data
	crxFieldPublicKey = 1     // AsymmetricKeyProof.public_key
	crxFieldSignature = 2     // AsymmetricKeyProof.signature
	crxFieldID        = 1     // SignedData.crx_id

	idBytes = 16 // of a SHA-256
)

// IDOf returns the id that browsers of the Chromium family give an extension signed with this key.
func IDOf(key *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return IDText(sum[:idBytes]), nil
}

// IDText returns the 16 bytes of an id as browsers write them: a letter from a to p for every four bits.
func IDText(id []byte) string {
	out := make([]byte, 0, 2*len(id))
	for _, b := range id {
		out = append(out, 'a'+b>>4, 'a'+b&15)
	}
	return string(out)
}

// CRX signs a zip file of the extension. The browser takes the extension's id from the signing key, whatever "key" the
// manifest names. The same key and zip give the same bytes.
func CRX(archive []byte, key *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	signed := field(nil, crxFieldID, id[:idBytes])
	hash := sha256.New()
	hash.Write([]byte(crxContext))
	hash.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(signed)))) //nolint:gosec // 18 bytes
	hash.Write(signed)
	hash.Write(archive)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("the extension cannot be signed: %w", err)
	}
	proof := field(field(nil, crxFieldPublicKey, der), crxFieldSignature, signature)
	header := field(field(nil, crxFieldProof, proof), crxFieldSigned, signed)
	var out bytes.Buffer
	out.WriteString(crxMagic)
	out.Write(binary.LittleEndian.AppendUint32(nil, crxVersion))
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(header)))) //nolint:gosec // about 900 bytes
	out.Write(header)
	out.Write(archive)
	return out.Bytes(), nil
}

// field appends a field of bytes to a protocol buffer.
func field(out []byte, number uint64, value []byte) []byte {
	const bytesWire = 2
	out = binary.AppendUvarint(out, number<<3|bytesWire)
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}
