package words

// Sentences are the words of one language. The tag "about" tells the translator where a sentence stands and what its
// {names} become; {who} is one of the Who sentences.
type Sentences struct {
	// Who an alert is about.
	WhoEmbedded     string `about:"a site whose frame stands in the page of another site; alone, as a label"`
	WhoEmbeddedBusy string `about:"the same at the beginning of Title and Busy, so English closes the comma"`
	WhoShared       string `about:"several sites share the process; {sites} is a list; none of them may be picked"`
	WhoProbable     string `about:"a guess that is probably right"`
	WhoUnknown      string `about:"a browser tab whose site is not known; it must not sound like the user's fault"`
	WhoProgram      string `about:"a program that is no browser tab"`
	WhoGroup        string `about:"{n}, always 2 or more, processes of one program"`
	Quoted          string `about:"marks a program's name that reads like a site; {name} is the name, use your language's quotation marks"`
	NoName          string `about:"stands where a name is empty"`
	ListSeparator   string `about:"between the names of a list"`
	ListMore        string `about:"end of a list that is too long; {n} is at least 1"`
	Space           string `about:"between two sentences"`

	// What it does.
	Title             string `about:"first line of the notification: a symptom that anybody understands, no accusation"`
	TitleMany         string `about:"Title when {who} is several processes"`
	Busy              string `about:"{cores} is CoresOf, {time} a span such as 40 seconds, {where} one of the Where texts or nothing"`
	BusyMany          string `about:"Busy when {who} is several processes"`
	MiningLike        string `about:"follows Busy for a web page; no accusation, and say what else looks like it"`
	MiningLikeProgram string `about:"follows Busy for a program"`
	Heavy             string `about:"follows Busy when the load is long but has mining's shape only in part"`
	WhereHidden       string `about:"the tab is not on screen; brings the space that Busy needs around it"`
	WhereHiddenTabs   string `about:"the process shows {n}, 2 or more, tabs of the site and none is on screen"`
	WhereTab          string `about:"the tab is on screen; {browser} is a program name such as chromium"`
	WhereTabs         string `about:"the process shows {n}, 2 or more, tabs of the site"`
	WhereBrowser      string `about:"the site is not known but the browser is"`
	CoresOf           string `about:"{n} such as 1.4, of {all} processor cores of the computer, 2 or more"`
	CoresOfOne        string `about:"the computer has one processor core"`
	CoresAlone        string `about:"it is not known how many cores there are"`
	Second            string `about:"a span; {n} is 1"`
	Seconds           string `about:"a span; {n} is 0, or 2 and more"`
	Minutes           string `about:"a span; {n} is 2 or more"`
	Hours             string `about:"a span; {n} is 2 or more"`
	Days              string `about:"a span; {n} is 2 or more"`
	SecondsShort      string `about:"the same, short, in a menu"`
	MinutesShort      string `about:"the same, short, in a menu"`
	HoursShort        string `about:"the same, short, in a menu"`
	DaysShort         string `about:"the same, short, in a menu"`
	Menu              string `about:"title of a menu entry; {time} is one of the short spans"`
	DetailsTitle      string `about:"title of the notification with the details of an alert"`
	DetailsProgram    string `about:"{name} of a program, {pid} its process number"`
	DetailsConnect    string `about:"the tab has no name because no browser is connected, or not this one; keep the command as it is"`
	DetailsOpen       string `about:"{sites} of tabs that were open lately, of which none is known to be it"`
	LooksVery         string `about:"how sure: {percent} is 90 to 99"`
	LooksLike         string `about:"how sure: {percent} is 60 to 89"`
	LooksLittle       string `about:"how sure: {percent} is 1 to 59"`

	// Labels of actions, in menus and on buttons.
	CloseTab string `about:"action: closes the tab"`
	ShowTab  string `about:"action: brings the tab to the front"`
	Allow    string `about:"action: the user knows of the load and agreed to it; no more alerts about this site or program"`
	Snooze   string `about:"action: no reminder for one hour"`
	Unsnooze string `about:"action: ends a snooze; reminders come again"`
	Details  string `about:"action: shows why there is an alert"`
	Quit     string `about:"menu entry: ends this icon and menu, not the agent that watches"`

	// What the tray says of itself.
	HeaderLooking  string `about:"first menu line right after the start"`
	HeaderWatching string `about:"first menu line: all is well"`
	HeaderAlert    string `about:"first menu line: one alert"`
	HeaderAlerts   string `about:"first menu line: {n}, 2 or more, alerts"`
	HeaderSnoozed  string `about:"first menu line: every alert, {n} of them, 1 or more, is snoozed"`
	HeaderStopped  string `about:"first menu line: the agent, the part that watches, does not run"`
	HeaderSilent   string `about:"first menu line: the agent runs but gave no figures lately"`
	HeaderProblem  string `about:"first menu line; {problem} is an English error sentence"`
	Trouble        string `about:"second menu line: the agent found something wrong with its set-up; keep the command"`
	More           string `about:"last menu line of the alerts: {n}, 1 or more, are not shown; keep the command"`

	// What came of an action.
	Closed      string `about:"result of CloseTab; {who} is the site of the tab"`
	Shown       string `about:"result of ShowTab"`
	Allowed     string `about:"result of Allow; {what} is a site or the path of a program"`
	AllowedUndo string `about:"follows Allowed; keep the command as it is"`
	AllowedList string `about:"follows Allowed when the name does not fit a command line; keep the command"`
	Snoozed     string `about:"result of Snooze"`
	Unsnoozed   string `about:"result of Unsnooze"`
	MenuSnoozed string `about:"title of a menu entry; {menu} is Menu, {time} a time of day such as 15:04"`
	Refused     string `about:"title of a notification: an action did not work; the reason follows in English"`
	NotRunning  string `about:"the reason when the agent does not run; keep the command"`
}
