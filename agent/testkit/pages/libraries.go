package pages

import (
	"bytes"
	"context"
	_ "embed" // the list of packages
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// LibraryDir is where scripts/fetch-pages.sh puts the libraries, from the repository's root. A server started there finds
// them by itself.
const LibraryDir = ".cache/pages"

//go:embed libraries/package.json
var libraryList []byte

// libraryFolder returns the folder of a library's files in what npm installed, by the name that pages use; empty for a name
// that none has.
func libraryFolder(name string) string {
	switch name {
	case "ffmpeg":
		return "@ffmpeg/core/dist/umd"
	case "pdfjs":
		return "pdfjs-dist/legacy/build"
	case "pyodide":
		return "pyodide"
	case "sql":
		return "sql.js/dist"
	case "stockfish":
		return "stockfish/src"
	case "typescript":
		return "typescript/lib"
	}
	return ""
}

// Fetch installs the libraries of some pages (libraries/README.md) into the folder with npm, and does nothing when they
// are there in the versions asked for. It needs the network.
func Fetch(ctx context.Context, dir string) error {
	done := filepath.Join(dir, "fetched.json")
	if have, err := os.ReadFile(done); err == nil && bytes.Equal(have, libraryList) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), libraryList, 0o644); err != nil {
		return err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("the libraries of the test pages come with npm, which is not installed: run scripts/setup.sh corpus")
	}
	// A lock file would name the place that this machine fetches from; install scripts are nobody's business here.
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", dir, "--no-package-lock", "--ignore-scripts",
		"--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm could not fetch the libraries of the test pages: %w\n%s", err, bytes.TrimSpace(out))
	}
	return os.WriteFile(done, libraryList, 0o644)
}

// UseLibraries serves the libraries that Fetch put into the folder, below /_lib/ of each host.
func (s *Server) UseLibraries(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.libraries = filepath.Join(dir, "node_modules")
}

// library serves a file of a library, name being "stockfish/stockfish.js" for example.
func (s *Server) library(w http.ResponseWriter, r *http.Request, name string) {
	library, file, _ := strings.Cut(name, "/")
	folder := libraryFolder(library)
	if folder == "" || !fs.ValidPath(file) {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	dir := s.libraries
	s.mu.Unlock()
	root, err := os.OpenRoot(filepath.Join(dir, filepath.FromSlash(folder)))
	if dir == "" || err != nil {
		http.Error(w, "The library "+library+" of this test page is not here: run scripts/fetch-pages.sh.", http.StatusNotFound)
		return
	}
	defer root.Close()
	setType(w, file)
	http.ServeFileFS(w, r, root.FS(), file)
}

// setType sets the type of a file by its name; the system's table may lack these, or know them wrongly, and a browser
// compiles and plays only what has the right one.
func setType(w http.ResponseWriter, name string) {
	kind := ""
	switch ext := path.Ext(name); ext {
	case ".wasm":
		kind = "application/wasm"
	case ".js", ".mjs":
		kind = "text/javascript; charset=utf-8"
	case ".webm":
		kind = "video/webm"
	default:
		kind = mime.TypeByExtension(ext)
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
}
