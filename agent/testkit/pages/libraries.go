package pages

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// LibraryDir is where scripts/npm.sh puts npm packages, from the repository's root.
const LibraryDir = ".cache/npm"

// libraryFolder returns the list of scripts/npm that a library stands in and the folder of its files below .cache/npm, by
// the name that pages use; empty for a name that none has.
func libraryFolder(name string) (list, folder string) {
	switch name {
	case "hash-wasm":
		return "test", "hash-wasm/dist"
	case "ffmpeg":
		return "pages", "@ffmpeg/core/dist/umd"
	case "pdfjs":
		return "pages", "pdfjs-dist/legacy/build"
	case "pyodide":
		return "pages", "pyodide"
	case "sql":
		return "pages", "sql.js/dist"
	case "stockfish":
		return "pages", "stockfish/src"
	case "typescript":
		return "pages", "typescript/lib"
	}
	return "", ""
}

// Missing returns what the simulated mining needs and is not here, with what to do about it.
func Missing() []string {
	file := filepath.Join(root(), LibraryDir, "test/node_modules/hash-wasm/dist/sha256.umd.min.js")
	if _, err := os.Stat(file); err != nil {
		return []string{"hash-wasm (scripts/npm.sh test)"}
	}
	return nil
}

// root returns the repository's root, which a program finds above the folder it was started in: tests are started in
// their own. It is the present folder when nothing above is a root.
func root() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "."
		}
		dir = up
	}
}

// UseLibraries serves the libraries that scripts/npm.sh put into the folder, below /_lib/ of each host. A server begins
// with those of the repository.
func (s *Server) UseLibraries(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.libraries = dir
}

// library serves a file of a library, name being "stockfish/stockfish.js" for example.
func (s *Server) library(w http.ResponseWriter, r *http.Request, name string) {
	library, file, _ := strings.Cut(name, "/")
	list, folder := libraryFolder(library)
	if folder == "" || !fs.ValidPath(file) {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	dir := s.libraries
	s.mu.Unlock()
	files, err := os.OpenRoot(filepath.Join(dir, list, "node_modules", filepath.FromSlash(folder)))
	if errors.Is(err, fs.ErrNotExist) {
		http.Error(w, "The library "+library+" of this test page is not here: run scripts/npm.sh "+list+".", http.StatusNotFound)
		return
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer files.Close()
	setType(w, file)
	http.ServeFileFS(w, r, files.FS(), file)
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
