use super::*;

#[test]
fn timeouts_of_a_pool_are_told_only_of_attempts_that_they_hit() {
    let of = [("db.client.connection.pool.name", "orders")];
    let timeouts = |s, value| {
        let name = "db.client.connection.timeouts";
        point(name, "{timeout}", &of, s, level(value))
    };
    let with = |readings: &[(f64, f64, f64, u64, f64)]| {
        let mut points = pool("orders", 10.0, readings);
        points.extend([timeouts(0.0, 4.0), timeouts(120.0, 6.0)]);
        points
    };
    // Two minutes of which the attempt is three seconds.
    let slow = attempt(50.0, 53.0);
    let mut failed = slow.clone();
    failed.outcome = Outcome::Failed;
    let calm = with(&[
        (0.0, 2.0, 0.0, 100, 0.1),
        (60.0, 3.0, 0.0, 200, 0.2),
        (120.0, 2.0, 0.0, 300, 0.3),
    ]);
    assert_eq!(sentence(&slow, &calm), None);
    let expected = "requests for a database connection timed out about its time (pool orders: 3 of 10 in use, 2 timed out)";
    assert_eq!(sentence(&failed, &calm), exhausted(expected));
    // At another time it was full.
    let after = with(&[
        (0.0, 2.0, 0.0, 100, 0.1),
        (60.0, 3.0, 0.0, 200, 0.2),
        (120.0, 10.0, 9.0, 300, 0.3),
    ]);
    assert_eq!(sentence(&slow, &after), None);
    let full = with(&[
        (0.0, 2.0, 0.0, 100, 0.1),
        (51.0, 10.0, 7.0, 200, 0.2),
        (120.0, 2.0, 0.0, 300, 0.3),
    ]);
    let expected =
        "no database connection is free (pool orders: 10 of 10 in use, 7 waiting, 2 timed out)";
    assert_eq!(sentence(&slow, &full), exhausted(expected));
    let waits = with(&[
        (0.0, 2.0, 0.0, 100, 0.1),
        (60.0, 9.0, 0.0, 103, 3.7),
        (120.0, 2.0, 0.0, 104, 3.8),
    ]);
    let expected = "40 % of processing waits for a database connection (pool orders: 9 of 10 in use, 2 timed out)";
    assert_eq!(sentence(&slow, &waits), exhausted(expected));
}
