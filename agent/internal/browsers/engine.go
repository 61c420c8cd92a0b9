package browsers

import (
	"slices"

	"github.com/minewatch/minewatch/heuristics"
)

// Engine is what all programs that are built on a browser's engine have in common, browsers or not.
type Engine struct {
	// Family is that of the browsers built on it.
	Family heuristics.Family
	// Roles are the engine's own words for what its processes do, as they stand on their command lines.
	Roles []string
	// Helpers are programs of their own that do such work: the names of their files.
	Helpers []string
	// Beside are files that lie beside the program on Linux: of each group one, of Least groups at least. Names may be
	// patterns as path.Match knows them.
	Beside [][]string
	Least  int
	// Browser are files of which one more must be there if the program is a browser, none needed if it is empty;
	// Embedded those that are there when it is something else that shows pages and has no tabs.
	Browser, Embedded []string
	// Sessions are the files, below a place's profiles, in which the browser keeps which pages are open, as patterns of
	// path.Match: of one folder the last in order counts.
	Sessions []string
	// Processes are the names that the engine gives its processes, Threads the beginnings of those of its threads, cut to
	// 15 bytes as Linux does.
	Processes, Threads []string
	// Pages are the schemes of the addresses of the browser's own pages and of its extensions' pages.
	Pages []string
}

// Engines returns the engines that are known.
func Engines() []Engine { return []Engine{chromium(), gecko()} }

// EngineOf returns the engine of a family of browsers.
func EngineOf(family heuristics.Family) (Engine, bool) {
	all := Engines()
	i := slices.IndexFunc(all, func(e Engine) bool { return e.Family == family })
	if i < 0 {
		return Engine{}, false
	}
	return all[i], true
}

// chromium is seen on Chromium 156 and, for what is embedded, as Electron, CEF, NW.js and Qt WebEngine document it. Some
// distributions build without icudtl.dat, others with one V8 snapshot of the two.
func chromium() Engine {
	return Engine{
		Family: heuristics.Chromium,
		Roles: []string{
			"renderer", "gpu-process", "utility", "zygote", "ppapi", "ppapi-broker", "nacl-loader", "nacl-broker", "broker",
			"crashpad-handler", "sandbox-ipc", "service", "extension",
		},
		Helpers: []string{"chrome-sandbox", "chromium-sandbox", "brave-sandbox", "msedge-sandbox", "vivaldi-sandbox", "nacl_helper", "qtwebengineprocess"},
		Beside:  [][]string{{"icudtl.dat"}, {"*.pak"}, {"v8_context_snapshot*.bin", "snapshot_blob.bin"}},
		Least:   2,
		Embedded: []string{
			"LICENSE.electron.txt", "resources/app.asar", "resources/app", "resources/default_app.asar", "resources/electron.asar",
			"libcef.so", "libnw.so",
		},
		Sessions:  []string{"*/Sessions/Session_*", "Sessions/Session_*"}, // Opera has no folder a profile
		Processes: []string{"chrome_crashpad", "nacl_helper"},
		Threads: []string{
			"DedicatedWorker", "ServiceWorker", "SharedWorker", "ThreadPoolForeg", "ThreadPoolSingl", "ThreadPoolServi",
			"Compositor", "CompositorTileW", "Chrome_IOThread", "Chrome_ChildIOT", "Chrome_InProcGp", "Chrome_DevTools",
			"MediaPD", "Media", "AudioThread", "AudioOutputDevi", "AudioWorklet", "VideoFrame", "VizCompositorTh", "GpuWatchdog",
			"CrGpuMain", "CrRendererMain", "CrBrowserMain", "CrUtilityMain", "CacheThread_Blo", "StackSamplingPr", "GpuMemoryThread",
			"WebCrypto", "V8 ",
		},
		Pages: []string{"chrome", "edge", "devtools", "chrome-extension"},
	}
}

// gecko is seen on Firefox ESR 153.
func gecko() Engine {
	return Engine{
		Family: heuristics.Firefox,
		Roles: []string{
			"renderer", "tab", "forkserver", "rdd", "socket", "utility", "gpu", "gmplugin", "vr", "remotesandboxbroker", "ipdlunittest",
		},
		Helpers: []string{"plugin-container", "firefox-bin"},
		Beside:  [][]string{{"omni.ja"}, {"application.ini"}, {"libxul.so", "dependentlibs.list"}},
		Least:   2,
		Browser: []string{"browser/omni.ja", "browser/features"}, // a mail program has neither
		// The older place of profiles is .mozilla/firefox, the newer mozilla/firefox below $XDG_CONFIG_HOME.
		Sessions: []string{"firefox/*/sessionstore-backups/recovery.jsonlz4"},
		Processes: []string{
			"web content", "isolated web co", "webextensions", "privileged cont", "rdd process", "socket process", "utility process", "forkserver",
		},
		Threads: []string{
			"DOM Worker", "Isolated Web Co", "Web Content", "WRWorker", "WRScene", "WRRender", "Renderer", "ImageIO", "ImageBridgeChld",
			"JS Helper", "JSWatchdog", "StyleThread", "Socket Thread", "Timer", "IPC I/O", "BgIOThr", "BackgroundThr", "TaskController",
			"GeckoMain", "MainThread", "ProfilerChild", "RemVidChild", "HangMonitor", "AudioIPC",
		},
		Pages: []string{"about", "resource", "moz-extension"},
	}
}
