import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.Trigger;

/**
 * Copies a topic into another and into Parquet files by structured streaming, each a query with a checkpoint of its own; it never
 * ends by itself. Or prints what the Parquet files hold.
 *
 * <p>Arguments: "copy", bootstrap servers, source, sink, a folder, the most records of a batch; or "read", a folder, a file.
 */
public final class Copy {
    public static void main(String[] arguments) throws Exception {
        SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("copy")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .getOrCreate();
        spark.sparkContext().setLogLevel("WARN");
        if (arguments[0].equals("copy")) {
            copy(spark, arguments);
        } else {
            // By the log of the file sink, and not by what lies in the folder.
            List<String> lines = spark.read().parquet(arguments[1])
                    .selectExpr("concat(key, '\t', value)").as(Encoders.STRING()).collectAsList();
            Files.write(Path.of(arguments[2]), lines);
            spark.stop();
        }
    }

    private static void copy(SparkSession spark, String[] arguments) throws Exception {
        Dataset<Row> source = spark.readStream()
                .format("kafka")
                .option("kafka.bootstrap.servers", arguments[1])
                .option("subscribe", arguments[2])
                .option("startingOffsets", "earliest")
                .option("failOnDataLoss", "true")
                .option("maxOffsetsPerTrigger", arguments[5])
                .load();
        source.selectExpr("key", "value").writeStream()
                .queryName("kafka")
                .format("kafka")
                .option("kafka.bootstrap.servers", arguments[1])
                .option("topic", arguments[3])
                .option("checkpointLocation", arguments[4] + "/kafka.checkpoint")
                .trigger(Trigger.ProcessingTime(200))
                .start();
        source.selectExpr("cast(key as string) key", "cast(value as string) value").writeStream()
                .queryName("parquet")
                .format("parquet")
                .option("path", arguments[4] + "/parquet")
                .option("checkpointLocation", arguments[4] + "/parquet.checkpoint")
                .trigger(Trigger.ProcessingTime(200))
                .start();
        // Throws what a query fails with.
        spark.streams().awaitAnyTermination();
    }
}
