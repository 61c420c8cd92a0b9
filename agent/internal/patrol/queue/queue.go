// Package queue holds what a patrol has still to do and what was answered, on NATS JetStream: a server in this process
// that nobody can connect to, or a cluster with any number of workers.
//
// A task is handed out at least once: to one worker at a time, and to another when nothing is heard of the first. An answer
// is kept once: of two for one visit the first counts, and whoever comes second is told what the first said.
package queue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names in JetStream. All patrols of a cluster share them; a run's own part has its name in the subject.
const (
	tasks   = "MINEWATCH_TASKS"
	answers = "MINEWATCH_ANSWERS"
	runs    = "minewatch-runs"
	tries   = "minewatch-tries"
	hosts   = "minewatch-hosts"
	files   = "minewatch-files"

	taskSubject   = "minewatch.task."
	answerSubject = "minewatch.answer."
)

// MaxAnswer bounds an answer in bytes: a server's own bound is 1 MiB if nobody set another.
const MaxAnswer = 900 << 10

// call bounds one request to the server; a request that failed is made again until its context ends.
const call = 5 * time.Second

// Lane says how a task is done.
type Lane string

// The lanes: beside others, or with nothing beside it on that machine.
const (
	Many  Lane = "many"
	Alone Lane = "alone"
)

// Key names one visit of one page of one run, for ever.
type Key struct {
	Run         string
	Page, Visit int
}

func (k Key) String() string { return fmt.Sprintf("%s.%d.%d", k.Run, k.Page, k.Visit) }

// Options are of a queue. The zero value is right for a single machine.
type Options struct {
	// Replicas is how many servers of a cluster keep each message; 1 to 5. Default 1.
	Replicas int
	// AckWait is after how long without a sign of life a task is handed to another worker. Default 30 s.
	AckWait time.Duration
	// Credentials is a file with the user's credentials for the cluster; empty for none.
	Credentials string
}

// Queue is a connection to the server, and the server if it is in this process.
type Queue struct {
	options Options
	server  *server.Server
	conn    *nats.Conn
	js      jetstream.JetStream
	tasks   map[Lane]jetstream.Consumer
	todo    jetstream.Stream
	answers jetstream.Stream
	runs    jetstream.KeyValue
	tries   jetstream.KeyValue
	hosts   jetstream.KeyValue
	files   jetstream.ObjectStore
}

// Embed starts a server in this process that keeps everything in a folder and listens nowhere. Nothing that was
// acknowledged is lost when the process is killed: every write is on the disk before.
func Embed(ctx context.Context, folder string, o Options) (*Queue, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "minewatch-patrol", DontListen: true, JetStream: true, StoreDir: folder, SyncAlways: true, NoSigs: true, NoLog: true,
		MaxPayload: 4 << 20, JetStreamMaxMemory: 64 << 20,
	})
	if err != nil {
		return nil, fmt.Errorf("the queue cannot be made: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, fmt.Errorf("the queue in %s does not start; is the disk full, or the folder damaged?", folder)
	}
	q := &Queue{options: o, server: s}
	conn, err := nats.Connect("", nats.InProcessServer(s), nats.Name("minewatch-patrol"), nats.MaxReconnects(-1))
	if err == nil {
		err = q.open(ctx, conn)
	}
	if err != nil {
		q.Close()
		return nil, err
	}
	return q, nil
}

// Connect uses the servers of a cluster: addresses such as "nats://one:4222,nats://two:4222". It waits a minute for
// them.
func Connect(ctx context.Context, addresses string, o Options) (*Queue, error) {
	options := []nats.Option{
		nats.Name("minewatch-patrol"), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond), nats.Timeout(call),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
	}
	if o.Credentials != "" {
		options = append(options, nats.UserCredentials(o.Credentials))
	}
	q := &Queue{options: o}
	limit, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var conn *nats.Conn
	err := again(limit, func(context.Context) (err error) {
		conn, err = nats.Connect(addresses, options...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("no queue answers at %s: %w", withoutPasswords(addresses), err)
	}
	if err := q.open(ctx, conn); err != nil {
		q.Close()
		return nil, err
	}
	return q, nil
}

// withoutPasswords leaves of addresses what may stand in an error.
func withoutPasswords(addresses string) string {
	var out []string
	for a := range strings.SplitSeq(addresses, ",") {
		if at := strings.LastIndexByte(a, '@'); at >= 0 {
			scheme, _, _ := strings.Cut(a, "://")
			a = scheme + "://…@" + a[at+1:]
		}
		out = append(out, a)
	}
	return strings.Join(out, ",")
}

// open makes what is missing of streams and buckets.
func (q *Queue) open(ctx context.Context, conn *nats.Conn) error {
	q.conn = conn
	q.options.Replicas = max(1, q.options.Replicas)
	if q.options.AckWait <= 0 {
		q.options.AckWait = 30 * time.Second
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(call))
	if err != nil {
		return err
	}
	q.js = js
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a cluster chooses its leaders first
	defer cancel()
	if err := again(ctx, q.makeStreams); err != nil {
		return fmt.Errorf("the queue cannot be made ready: %w", err)
	}
	return nil
}

func (q *Queue) makeStreams(ctx context.Context) error {
	stream, err := q.stream(ctx, jetstream.StreamConfig{
		Name: tasks, Subjects: []string{taskSubject + ">"}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: q.options.Replicas,
		Duplicates: 2 * time.Minute,
	})
	if err != nil {
		return err
	}
	q.todo, q.tasks = stream, map[Lane]jetstream.Consumer{}
	for _, lane := range []Lane{Many, Alone} {
		if q.server != nil {
			// What the process before this one had in hand is handed out at once, not only after AckWait: it is gone.
			if err := stream.DeleteConsumer(ctx, string(lane)); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				return err
			}
		}
		// MaxDeliver has no bound here: the server would keep what passed it in the stream without a word. Tries are counted
		// in a bucket, and a task after its last try is answered like any other.
		config := jetstream.ConsumerConfig{
			Durable: string(lane), FilterSubject: taskSubject + string(lane) + ".>", AckPolicy: jetstream.AckExplicitPolicy, AckWait: q.options.AckWait,
			MaxDeliver: -1, MaxAckPending: 10_000, Replicas: q.options.Replicas,
		}
		c, err := stream.Consumer(ctx, string(lane))
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			c, err = stream.CreateOrUpdateConsumer(ctx, config)
		}
		if err != nil {
			return err
		}
		q.tasks[lane] = c
	}
	if q.answers, err = q.stream(ctx, jetstream.StreamConfig{
		Name: answers, Subjects: []string{answerSubject + ">"}, Storage: jetstream.FileStorage, Replicas: q.options.Replicas, Duplicates: time.Second,
	}); err != nil {
		return err
	}
	for _, b := range []struct {
		bucket *jetstream.KeyValue
		config jetstream.KeyValueConfig
	}{
		{&q.runs, jetstream.KeyValueConfig{Bucket: runs}},
		{&q.tries, jetstream.KeyValueConfig{Bucket: tries}},
		{&q.hosts, jetstream.KeyValueConfig{Bucket: hosts, TTL: time.Hour, LimitMarkerTTL: time.Second}},
	} {
		b.config.Storage, b.config.Replicas = jetstream.FileStorage, q.options.Replicas
		kv, err := q.js.KeyValue(ctx, b.config.Bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			kv, err = q.js.CreateKeyValue(ctx, b.config)
		}
		if err != nil {
			return err
		}
		*b.bucket = kv
	}
	q.files, err = q.js.ObjectStore(ctx, files)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		q.files, err = q.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: files, Storage: jetstream.FileStorage, Replicas: q.options.Replicas})
	}
	return err
}

// stream returns a stream, and makes it only if it is not there: who looks after a cluster may have changed its settings.
func (q *Queue) stream(ctx context.Context, config jetstream.StreamConfig) (jetstream.Stream, error) {
	s, err := q.js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return q.js.CreateStream(ctx, config)
	}
	return s, err
}

// Close ends the connection, and the server if it is in this process.
func (q *Queue) Close() {
	if q.conn != nil {
		q.conn.Close()
	}
	if q.server != nil {
		q.server.Shutdown()
		q.server.WaitForShutdown()
	}
}

// Embedded reports whether nobody else can work on this queue.
func (q *Queue) Embedded() bool { return q.server != nil }

// again does something until it succeeds or the context ends. A cluster that is choosing a leader answers with errors.
func again(ctx context.Context, do func(context.Context) error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		limit, cancel := context.WithTimeout(ctx, call)
		err := do(limit)
		cancel()
		if err == nil || isFinal(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.NewTimer(wait).C:
		}
	}
}

// isFinal reports errors that another try would not mend.
func isFinal(err error) bool {
	return errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, jetstream.ErrMsgNotFound) ||
		errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrObjectNotFound) || isTaken(err) ||
		errors.Is(err, nats.ErrAuthorization) || errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount)
}

// isTaken reports the server's word for "there is a message with this subject already".
func isTaken(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// Add puts a task into a lane. Adding it again does no harm: what was answered is not done again.
func (q *Queue) Add(ctx context.Context, lane Lane, k Key, data []byte) error {
	subject := taskSubject + string(lane) + "." + k.String()
	return again(ctx, func(ctx context.Context) error {
		_, err := q.js.Publish(ctx, subject, data, jetstream.WithMsgID(subject))
		return err
	})
}

// Has reports whether a task is in the queue, in anybody's hands or nobody's.
func (q *Queue) Has(ctx context.Context, lane Lane, k Key) (found bool, err error) {
	err = again(ctx, func(ctx context.Context) error {
		_, err := q.todo.GetLastMsgForSubject(ctx, taskSubject+string(lane)+"."+k.String())
		return err
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// AddAll puts many tasks into a lane at the same time and returns when the last is on the disk.
func (q *Queue) AddAll(ctx context.Context, lane Lane, all iter.Seq2[Key, []byte]) error {
	const atOnce = 256
	var (
		waiting []jetstream.PubAckFuture
		failed  []*nats.Msg
	)
	settle := func() error {
		for _, f := range waiting {
			select {
			case <-f.Ok():
			case err := <-f.Err():
				_ = err // the next try says what is wrong
				failed = append(failed, f.Msg())
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		waiting = waiting[:0]
		for _, m := range failed { // one by one, until they are in
			id := m.Subject
			if err := again(ctx, func(ctx context.Context) error {
				_, err := q.js.Publish(ctx, m.Subject, m.Data, jetstream.WithMsgID(id))
				return err
			}); err != nil {
				return err
			}
		}
		failed = failed[:0]
		return nil
	}
	for k, data := range all {
		subject := taskSubject + string(lane) + "." + k.String()
		f, err := q.js.PublishAsync(subject, data, jetstream.WithMsgID(subject))
		if err != nil {
			failed = append(failed, &nats.Msg{Subject: subject, Data: data})
		} else {
			waiting = append(waiting, f)
		}
		if len(waiting)+len(failed) >= atOnce {
			if err := settle(); err != nil {
				return err
			}
		}
	}
	return settle()
}

// Task is a task in this worker's hands.
type Task struct {
	Key  Key
	Lane Lane
	Data []byte
	msg  jetstream.Msg
	wait time.Duration
}

// Next returns a task, or nil if there is none after a while.
func (q *Queue) Next(ctx context.Context, lane Lane, patience time.Duration) (*Task, error) {
	for {
		batch, err := q.tasks[lane].Fetch(1, jetstream.FetchMaxWait(patience))
		if err == nil {
			for msg := range batch.Messages() {
				t, err := q.task(lane, msg)
				if err == nil {
					return t, nil
				}
				_ = msg.TermWithReason(err.Error()) // it is no task of ours; it would come back otherwise
			}
			err = batch.Error()
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, nats.ErrConnectionClosed):
			return nil, err
		case err == nil || errors.Is(err, nats.ErrTimeout):
			return nil, nil //nolint:nilnil // no task is the answer
		}
		// The server is away or chooses a leader: this is a moment without tasks.
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.NewTimer(min(patience, time.Second)).C:
			return nil, nil //nolint:nilnil // no task is the answer
		}
	}
}

func (q *Queue) task(lane Lane, msg jetstream.Msg) (*Task, error) {
	k, err := parseKey(strings.TrimPrefix(msg.Subject(), taskSubject+string(lane)+"."))
	if err != nil {
		return nil, err
	}
	return &Task{Key: k, Lane: lane, Data: msg.Data(), msg: msg, wait: q.options.AckWait}, nil
}

func parseKey(s string) (Key, error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || parts[0] == "" {
		return Key{}, fmt.Errorf("%q names no visit", s)
	}
	page, err := strconv.ParseUint(parts[1], 10, 31)
	visit, err2 := strconv.ParseUint(parts[2], 10, 31)
	if err := errors.Join(err, err2); err != nil {
		return Key{}, fmt.Errorf("%q names no visit", s)
	}
	return Key{parts[0], int(page), int(visit)}, nil
}

// Hold tells the server that the task is being worked on, until the returned function is called.
func (t *Task) Hold() (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(t.wait / 4)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = t.msg.InProgress() // the next one may arrive
			}
		}
	}()
	return func() { close(done) }
}

// Done takes the task out of the queue. If the server does not hear it the task comes back and is found to be answered.
func (t *Task) Done(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), call)
	defer cancel()
	_ = t.msg.DoubleAck(ctx) // see above
}

// Later gives the task back, for whoever asks after a while.
func (t *Task) Later(delay time.Duration) {
	_ = t.msg.NakWithDelay(delay) // unheard, it comes back by itself
}

// Answer keeps the answer to a visit and returns what is kept: an earlier one if there was one.
func (q *Queue) Answer(ctx context.Context, k Key, data []byte) (kept []byte, err error) {
	err = again(ctx, func(ctx context.Context) error {
		_, err := q.js.Publish(ctx, answerSubject+k.String(), data, jetstream.WithExpectLastSequencePerSubject(0))
		return err
	})
	if isTaken(err) {
		return q.Answered(ctx, k)
	}
	return data, err
}

// Answered returns the answer to a visit, nil if there is none yet.
func (q *Queue) Answered(ctx context.Context, k Key) (data []byte, err error) {
	err = again(ctx, func(ctx context.Context) error {
		m, err := q.answers.GetLastMsgForSubject(ctx, answerSubject+k.String())
		if err == nil {
			data = m.Data
		}
		return err
	})
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return data, err
}

// Given is an answer as it is read.
type Given struct {
	Key  Key
	Data []byte
	// Seq grows from answer to answer: reading goes on behind it.
	Seq uint64
}

// Answers yields the answers of a run behind a place, as they come, until the context ends.
func (q *Queue) Answers(ctx context.Context, run string, behind uint64) iter.Seq2[Given, error] {
	return func(yield func(Given, error) bool) {
		for ctx.Err() == nil {
			err := q.read(ctx, run, &behind, func(g Given) bool { return yield(g, nil) })
			if err == nil {
				return
			}
			if errors.Is(err, nats.ErrConnectionClosed) {
				yield(Given{}, err)
				return
			}
			select { // a cluster that chooses a leader
			case <-ctx.Done():
			case <-time.NewTimer(250 * time.Millisecond).C:
			}
		}
	}
}

// read passes on answers until yield wants no more (nil) or something fails.
func (q *Queue) read(ctx context.Context, run string, behind *uint64, yield func(Given) bool) error {
	limit, cancel := context.WithTimeout(ctx, call)
	c, err := q.js.OrderedConsumer(limit, answers, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{answerSubject + run + ".>"}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *behind + 1,
	})
	cancel()
	if err != nil {
		return err
	}
	messages, err := c.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		*behind = meta.Sequence.Stream
		k, err := parseKey(strings.TrimPrefix(m.Subject(), answerSubject))
		if err != nil {
			continue // not ours
		}
		if !yield(Given{k, m.Data(), *behind}) {
			return nil
		}
	}
}

// Try is what is known of the tries of a task.
func (q *Queue) Try(ctx context.Context, k Key) (data []byte, err error) {
	return q.get(ctx, q.tries, k.String())
}

// SetTry keeps what is known of the tries of a task; when it returns it is on the disk.
func (q *Queue) SetTry(ctx context.Context, k Key, data []byte) error {
	return q.put(ctx, q.tries, k.String(), data)
}

// Run returns the settings of a run, nil if there is none of this name.
func (q *Queue) Run(ctx context.Context, run string) ([]byte, error) { return q.get(ctx, q.runs, run) }

// SetRun keeps the settings of a run.
func (q *Queue) SetRun(ctx context.Context, run string, data []byte) error {
	return q.put(ctx, q.runs, run, data)
}

func (*Queue) get(ctx context.Context, kv jetstream.KeyValue, key string) (data []byte, err error) {
	err = again(ctx, func(ctx context.Context) error {
		e, err := kv.Get(ctx, key)
		if err == nil {
			data = e.Value()
		}
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	return data, err
}

func (*Queue) put(ctx context.Context, kv jetstream.KeyValue, key string, data []byte) error {
	return again(ctx, func(ctx context.Context) error {
		_, err := kv.Put(ctx, key, data)
		return err
	})
}

// Place is a place at a host that is this worker's among all workers.
type Place struct {
	queue *Queue
	name  string
	stop  chan struct{}
	over  chan struct{}
}

// Reserve makes a place at a host this worker's until it is released; nil if it is another's. Of a worker that is gone it is
// free again after AckWait.
func (q *Queue) Reserve(ctx context.Context, name string) (*Place, error) {
	subject := "$KV." + hosts + "." + hostKey(name)
	lease := max(2*time.Second, q.options.AckWait.Truncate(time.Second))
	var at uint64
	err := again(ctx, func(ctx context.Context) error {
		seq, err := q.hosts.Create(ctx, hostKey(name), nil, jetstream.KeyTTL(lease))
		at = seq
		return err
	})
	if errors.Is(err, jetstream.ErrKeyExists) {
		return nil, nil //nolint:nilnil // it is taken
	}
	if err != nil {
		return nil, err
	}
	p := &Place{q, name, make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(p.over)
		tick := time.NewTicker(lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-tick.C:
			}
			limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), call)
			ack, err := q.js.Publish(limit, subject, nil, jetstream.WithMsgTTL(lease), jetstream.WithExpectLastSequencePerSubject(at))
			cancel()
			if isTaken(err) {
				return // it ran out meanwhile
			}
			if err == nil {
				at = ack.Sequence
			}
		}
	}()
	return p, nil
}

// Release gives the place back.
func (p *Place) Release(ctx context.Context) {
	close(p.stop)
	<-p.over
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), call)
	defer cancel()
	_ = p.queue.hosts.Delete(ctx, hostKey(p.name)) // it runs out by itself
}

// hostKey is a host as a key: letters, digits, dots and hyphens are as they are; IPv6 addresses hold colons.
func hostKey(host string) string { return strings.Trim(strings.ReplaceAll(host, ":", "_"), ".") }

// PutFile keeps a file that belongs to a visit.
func (q *Queue) PutFile(ctx context.Context, k Key, name string, data []byte) error {
	return again(ctx, func(ctx context.Context) error {
		_, err := q.files.PutBytes(ctx, k.String()+"/"+name, data)
		return err
	})
}

// File returns a file that belongs to a visit, nil if it is not there.
func (q *Queue) File(ctx context.Context, k Key, name string) (data []byte, err error) {
	err = again(ctx, func(ctx context.Context) error {
		data, err = q.files.GetBytes(ctx, k.String()+"/"+name)
		return err
	})
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, nil
	}
	return data, err
}

// DropFile forgets a file that was taken elsewhere.
func (q *Queue) DropFile(ctx context.Context, k Key, name string) {
	ctx, cancel := context.WithTimeout(ctx, call)
	defer cancel()
	_ = q.files.Delete(ctx, k.String()+"/"+name) // Forget does it again
}

// Forget removes what is kept of a run that is over.
func (q *Queue) Forget(ctx context.Context, run string) error {
	return again(ctx, func(ctx context.Context) error {
		for _, lane := range []Lane{Many, Alone} {
			if err := q.todo.Purge(ctx, jetstream.WithPurgeSubject(taskSubject+string(lane)+"."+run+".>")); err != nil {
				return err
			}
		}
		if err := q.answers.Purge(ctx, jetstream.WithPurgeSubject(answerSubject+run+".>")); err != nil {
			return err
		}
		bucket, err := q.js.Stream(ctx, "KV_"+tries)
		if err != nil {
			return err
		}
		if err := bucket.Purge(ctx, jetstream.WithPurgeSubject("$KV."+tries+"."+run+".>")); err != nil {
			return err
		}
		return q.runs.Purge(ctx, run)
	})
}
