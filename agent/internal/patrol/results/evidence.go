package results

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// maxLogLine bounds a line of the log in bytes.
const (
	maxLogLine = 64 << 10
)

// entry is a line of the log. Each holds the hash of the line before it, so none can be changed, left out or put in
// between without all that follow being changed too.
type entry struct {
	N  int       `json:"n"`
	At time.Time `json:"at"`
	// What is "run" (the first line), "file", or "end".
	What   string `json:"what"`
	Run    *Run   `json:"run,omitempty"`
	Page   int    `json:"page,omitempty"`
	URL    string `json:"url,omitempty"`
	Visit  int    `json:"visit,omitempty"`
	File   string `json:"file,omitempty"`
	Bytes  int    `json:"bytes,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	// Before is the SHA-256 of the line before this one, without its line break; empty in the first.
	Before string `json:"before"`
}

// Evidence writes the evidence of a run.
type Evidence struct {
	root   *os.Root
	log    *os.File
	n      int
	before string
	listed map[string]string // file to hash
	ended  bool
}

// evidencePath is where a file of evidence lies in the run's folder.
func evidencePath(page int, address string, visit int, name string) string {
	host, _ := Site(address)
	host = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
	return fmt.Sprintf("evidence/%06d-%s/visit-%d/%s", page, strings.Trim(host[:min(len(host), 80)], "."), visit, name)
}

// OpenEvidence opens the evidence of a run, and begins it where there is none. A last line that was cut off when the
// program was killed is written anew.
func OpenEvidence(dir string, run *Run) (*Evidence, error) {
	if err := os.MkdirAll(filepath.Join(dir, "evidence"), 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	e := &Evidence{root: root, listed: map[string]string{}}
	if err := e.resume(); err != nil {
		_ = root.Close() // the first error matters
		return nil, fmt.Errorf("the log of evidence cannot be used: %w", err)
	}
	if e.n == 0 {
		if err := e.append(&entry{What: "run", Run: run}); err != nil {
			_ = e.Close() // the first error matters
			return nil, err
		}
	}
	return e, nil
}

func (e *Evidence) resume() error {
	f, err := e.root.OpenFile(chain, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return errors.Join(err, errors.New("it is no file"), f.Close())
	}
	end := int64(0)
	err = readLog(f, func(one *entry, line []byte) error {
		end += int64(len(line)) + 1
		e.n, e.before = one.N, hashOf(line)
		if one.What == "file" {
			e.listed[one.File] = one.SHA256
		}
		e.ended = one.What == "end"
		return nil
	})
	if err == nil || errors.Is(err, errCutOff) {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	e.log = f
	return nil
}

// errCutOff is a last line without its end.
var errCutOff = errors.New("its last line is cut off")

// readLog passes on the lines of a log and checks that each follows from the one before.
func readLog(from io.Reader, each func(*entry, []byte) error) error {
	r := bufio.NewReaderSize(from, maxLogLine)
	before := ""
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				return errCutOff
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		var one entry
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("line %d is no line of this log", n)
		}
		if one.N != n || one.Before != before {
			return fmt.Errorf("line %d does not follow from the one before it", n)
		}
		if before = hashOf(line); each != nil {
			if err := each(&one, line); err != nil {
				return err
			}
		}
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// append writes a line, which is on the disk when it returns.
func (e *Evidence) append(one *entry) error {
	one.N, one.Before, one.At = e.n+1, e.before, time.Now().UTC().Truncate(time.Millisecond)
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	if len(line) >= maxLogLine {
		return errors.New("a line of the log of evidence is too long")
	}
	if _, err := e.log.Write(append(line, '\n')); err != nil {
		return err
	}
	if err := e.log.Sync(); err != nil {
		return err
	}
	e.n, e.before = one.N, hashOf(line)
	return nil
}

// Add keeps a file of evidence and writes it into the log. A file that was added before is not added again.
func (e *Evidence) Add(page int, address string, visit int, name string, data []byte) error {
	file := evidencePath(page, address, visit, name)
	if _, ok := e.listed[file]; ok {
		return nil
	}
	if err := e.root.MkdirAll(path.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := e.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("evidence cannot be written: %w", err)
	}
	hash := hashOf(data)
	if err := e.append(&entry{What: "file", Page: page, URL: address, Visit: visit, File: file, Bytes: len(data), SHA256: hash}); err != nil {
		return fmt.Errorf("the log of evidence cannot be written: %w", err)
	}
	e.listed[file] = hash
	return nil
}

// End writes the hash of the results into the log and returns the hash of its last line: who writes that down elsewhere can
// show later that nothing was changed.
func (e *Evidence) End() (head string, err error) {
	if e.ended {
		return e.before, nil
	}
	f, err := e.root.Open(Lines)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	if err != nil {
		return "", err
	}
	if err := e.append(&entry{What: "end", File: Lines, Bytes: int(n), SHA256: hex.EncodeToString(hash.Sum(nil))}); err != nil {
		return "", err
	}
	e.ended = true
	return e.before, nil
}

// Close closes the log.
func (e *Evidence) Close() error { return errors.Join(e.log.Close(), e.root.Close()) }

// Verified is what Verify found.
type Verified struct {
	Files int
	// Head is the hash of the log's last line.
	Head string
	// Ended reports whether the log has its last line: the run came to its end.
	Ended bool
	// Wrong are the files that are missing, were changed, or are not in the log.
	Wrong []string
}

// Verify checks the log of a run and every file that it names. The error says that the log itself cannot be trusted.
func Verify(dir string) (*Verified, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := openRegular(root, chain)
	if err != nil {
		return nil, fmt.Errorf("%s has no log of evidence: %w", dir, err)
	}
	defer f.Close()
	var (
		out    Verified
		listed = map[string]bool{chain: true}
	)
	err = readLog(f, func(one *entry, line []byte) error {
		if out.Ended {
			return errors.New("there are lines after its end")
		}
		out.Head, out.Ended = hashOf(line), one.What == "end"
		if one.What != "file" && one.What != "end" {
			return nil
		}
		out.Files++
		listed[one.File] = true
		if wrong := compare(root, one); wrong != "" && len(out.Wrong) < 1000 {
			out.Wrong = append(out.Wrong, wrong)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the log of evidence was changed or is damaged: %w", err)
	}
	if out.Head == "" {
		return nil, errors.New("the log of evidence is empty")
	}
	err = fs.WalkDir(root.FS(), "evidence", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !listed[name] && len(out.Wrong) < 1000 {
			out.Wrong = append(out.Wrong, name+" is not in the log")
		}
		return err
	})
	return &out, err
}

// compare returns what is wrong with a file, "" if it is as the log says.
func compare(root *os.Root, one *entry) string {
	f, err := openRegular(root, one.File)
	if err != nil {
		return one.File + " is missing or is no file"
	}
	defer f.Close()
	hash := sha256.New()
	if n, err := io.Copy(hash, f); err != nil || n != int64(one.Bytes) || hex.EncodeToString(hash.Sum(nil)) != one.SHA256 {
		return one.File + " was changed"
	}
	return ""
}

// openRegular opens a plain file: a pipe would keep the reader waiting for ever.
func openRegular(root *os.Root, name string) (*os.File, error) {
	fi, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	return root.Open(name)
}
