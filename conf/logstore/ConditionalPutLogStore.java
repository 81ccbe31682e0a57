package faceveil;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Delta's log on S3: a commit is one conditional put, so that of several drivers exactly one writes a version. */
public class ConditionalPutLogStore extends HadoopFileSystemLogStore {
    public ConditionalPutLogStore(Configuration conf) {
        super(conf);
    }

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration conf) throws IOException {
        StringBuilder lines = new StringBuilder();
        while (actions.hasNext()) {
            lines.append(actions.next()).append('\n');
        }
        byte[] content = lines.toString().getBytes(StandardCharsets.UTF_8);
        FileSystem files = path.getFileSystem(conf);
        FSDataOutputStreamBuilder builder = files.createFile(path);
        builder.overwrite(overwrite);
        if (!overwrite) {
            builder.must("fs.option.create.conditional.overwrite", true);
        }
        try {
            FSDataOutputStream out = (FSDataOutputStream) builder.build();
            out.write(content);
            out.close(); // the put; no finally: what was not written whole must not be put
        } catch (IOException refused) {
            if (overwrite || !files.exists(path)) {
                throw refused;
            }
            // Where the answer to a put was lost and the client put again, what is there is ours.
            if (!Arrays.equals(content, stored(files, path))) {
                throw new FileAlreadyExistsException(path.toString());
            }
        }
    }

    private static byte[] stored(FileSystem files, Path path) throws IOException {
        byte[] found = new byte[(int) files.getFileStatus(path).getLen()];
        FSDataInputStream in = files.open(path);
        try {
            in.readFully(0L, found);
        } finally {
            in.close();
        }
        return found;
    }

    @Override
    public Boolean isPartialWriteVisible(Path path, Configuration conf) {
        return false;
    }
}
